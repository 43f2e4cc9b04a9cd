"""Reward: named terms times weights of the same name.

A task's outcome is known, and paid, when it is booked.
"""

from orbit_gym.scenario.scenario import Reward


def reward_terms(
    weights: Reward, is_on_time: bool, value: float, revoked_value: float, energy_j: float
) -> dict[str, float]:
    """Terms of one decision, weights and signs included; they sum to the reward.

    `revoked_value` is what faults have taken back since the decision before.
    """
    return {
        "delivered_value": weights.delivered_value * value if is_on_time else 0.0,
        "revoked_value": 0.0 - weights.revoked_value * revoked_value,
        "energy_cost": 0.0 - weights.energy_cost * energy_j,
    }
