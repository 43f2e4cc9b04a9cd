"""A small environment with the real spaces, in which keeping models resident beats earliest
delivery.

Four nodes hold one model each. A task every 0.3 s wants one of four models; it takes 1 s, plus 2 s
where its model must be loaded first, and is due after 3.2 s. Row 3 is a datacentre. Plans are what
happens, as in the real environment.
"""

import gymnasium as gym
import numpy as np

from orbit_gym.observation import COLUMNS, observation_space

TASK, NODE = COLUMNS["task"], COLUMNS["nodes"]
ENV_ID = "tests.helpers.fake_env:Fake/Affinity-v0"
LOG_UNIT = np.log1p(7200.0)


class FakeEnv(gym.Env):
    """Affinity matters; interface of OrbitEnv as far as agents use it."""

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(self, split="train", overrides=None, n=4, steps=60, slack_s=3.2):
        self.n, self.steps, self.slack_s, self.split = n, steps, slack_s, split
        self.observation_space = observation_space(n, 2)
        self.action_space = gym.spaces.Discrete(n + 1)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.models = self.np_random.integers(0, 4, self.steps + 1)
        self.values = self.np_random.choice([0.5, 1.0], self.steps + 1)
        self.resident, self.free_s = np.arange(self.n) % 4, np.zeros(self.n)
        self.t, self.delivered, self.invalid, self.rejected = 0, 0.0, 0, 0
        return self._observe(), {"episode_seed": seed}

    def action_masks(self):
        return np.append(np.ones(self.n, bool), True)

    def _plans(self):
        load_s = 2.0 * (self.resident != self.models[self.t])
        return load_s, np.maximum(self.free_s - 0.3 * self.t, 0.0) + load_s + 1.0

    def _observe(self):
        obs = {
            key: np.zeros(space.shape, np.float32)
            for key, space in self.observation_space.spaces.items()
        }
        obs["task"][TASK["present"]], obs["task"][TASK["value"]] = 1.0, self.values[self.t] / 10.0
        obs["task"][TASK["slack"]] = np.log1p(self.slack_s) / LOG_UNIT
        load_s, delivery_s = self._plans()
        columns = {
            "present": 1.0, "plan_exists": 1.0, "is_satellite": np.arange(self.n) < self.n - 1,
            "is_origin": np.arange(self.n) == 0,
            "sunlit": np.arange(self.n) % 2, "model_resident": load_s == 0.0,
            "plan_load": load_s / 60.0,
            "plan_on_time": delivery_s <= self.slack_s,
            "plan_delivery": np.log1p(delivery_s) / LOG_UNIT,
            "plan_margin": np.clip((self.slack_s - delivery_s) / self.slack_s, -1, 1),
            "booked_work": np.log1p(np.maximum(self.free_s - 0.3 * self.t, 0.0)) / LOG_UNIT,
        }  # fmt: skip
        for name, value in columns.items():
            obs["nodes"][:, NODE[name]] = value
        return obs

    def step(self, action):
        if self.t == self.steps:
            raise RuntimeError("the episode is over; call reset()")
        reward, action = 0.0, int(action)
        if action < self.n:
            _, delivery_s = self._plans()
            self.free_s[action] = 0.3 * self.t + delivery_s[action]
            self.resident[action] = self.models[self.t]
            reward = float(self.values[self.t] * (delivery_s[action] <= self.slack_s))
        self.rejected += action == self.n
        self.delivered += reward
        self.t += 1
        truncated = self.t == self.steps
        info = {
            "reward_terms": {"delivered_value": reward},
            "elapsed_s": 0.3,
            "invalid_action": False,
        }
        if truncated:
            released = float(self.values[: self.steps].sum())
            info["episode_metrics"] = {
                "served_value_fraction": self.delivered / released,
                "delivered_value": self.delivered, "utilisation_fraction": 0.5,
                "latency_p50_s": float("nan") if self.delivered == 0.0 else 1.0,
                "n_rejected": float(self.rejected),
                "toy.served_value_fraction": self.delivered / released,
            }  # fmt: skip
        return self._observe(), reward, False, truncated, info


if "Fake/Affinity-v0" not in gym.registry:
    gym.register("Fake/Affinity-v0", entry_point=FakeEnv)


def random_observation(rng, n, batch=None, n_terminals=2):
    """An observation drawn inside the spaces' bounds with 0/1 flags that agree (on time only where
    a plan exists).
    """
    space = observation_space(n, n_terminals)
    lead = () if batch is None else (batch,)
    obs = {
        k: rng.uniform(s.low, s.high, (*lead, *s.shape)).astype(np.float32)
        for k, s in space.spaces.items()
    }
    nodes = obs["nodes"]
    for flag in ("present", "plan_exists", "plan_on_time", "sunlit", "is_satellite"):
        nodes[..., NODE[flag]] = rng.random(nodes.shape[:-1]) < 0.6
    nodes[..., NODE["plan_exists"]] *= nodes[..., NODE["present"]]
    nodes[..., NODE["plan_on_time"]] *= nodes[..., NODE["plan_exists"]]
    obs["nodes"] *= nodes[..., [NODE["present"]]]
    obs["links"] *= nodes[..., [NODE["present"]], None]
    return obs
