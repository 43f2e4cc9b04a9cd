"""Advantages of the decisions of a rollout, (members, steps)."""

import numpy as np


def generalised_advantages(
    rewards: np.ndarray,
    values: np.ndarray,
    is_last: np.ndarray,
    last_values: np.ndarray,
    gamma: float,
    gae_lambda: float,
) -> np.ndarray:
    """Return generalised advantage estimates (Schulman et al., ICLR 2016).

    rewards, values and is_last are (members, steps), last_values (members,). Nothing is carried
    over a step that is_last; where an episode was only cut off there, its reward must already hold
    the discounted value of what follows.
    """
    advantages = np.zeros_like(rewards)
    running, next_values = np.zeros_like(last_values), last_values
    for t in range(rewards.shape[1] - 1, -1, -1):
        goes_on = 1.0 - is_last[:, t]
        delta = rewards[:, t] + gamma * goes_on * next_values - values[:, t]
        running = delta + gamma * gae_lambda * goes_on * running
        advantages[:, t], next_values = running, values[:, t]
    return advantages


def less_other_replicas(advantages: np.ndarray, replicas: int) -> np.ndarray:
    """Return advantages less the mean of the other replicas at the same decision.

    Members stand in groups of `replicas` that play the same episode. Tasks do not depend on
    actions, so what they share is luck: a baseline that depends on the input alone (Mao et al.,
    Variance Reduction for Reinforcement Learning in Input-Driven Environments, ICLR 2019).
    """
    if replicas == 1:
        return advantages
    groups = advantages.reshape(-1, replicas, advantages.shape[1])
    above_mean = groups - groups.mean(axis=1, keepdims=True)
    return (above_mean * (replicas / (replicas - 1))).reshape(advantages.shape)
