"""A reward term is one entry: the reward, its info, the batch and the docs follow."""

import json

from tests.helpers.edited import printed_with_edits

PRICE = """    energy_cost: float = price_field("""
ADDED = """    waiting_cost: float = price_field(
        0.5,
        quantity="elapsed_s",
        sign=-1,
        term="minus the seconds to the next decision times this price",
        meaning="price of a second",
        source="assumption: of this test",
    )
    energy_cost: float = price_field("""
PLAY = """
import gymnasium as gym, json, numpy as np
import orbit_gym
from orbit_gym.views.describe.docs_tables import reward_table
env = gym.make("OrbitGym/Tiny-v0", overrides={"reward.waiting_cost": 0.25})
env.reset(seed=1)
_, reward, _, _, info = env.step(0)
envs = gym.make_vec("OrbitGym/Tiny-v0", num_envs=2)
envs.reset(seed=[1, 2])
_, rewards, _, _, infos = envs.step(np.zeros(2, int))
print(json.dumps({
    "terms": info["reward_terms"], "reward": reward, "elapsed_s": info["elapsed_s"],
    "vector": infos["reward_terms"]["waiting_cost"].tolist(),
    "vector_elapsed_s": infos["elapsed_s"].tolist(),
    "docs": [line for line in reward_table().splitlines() if "waiting_cost" in line],
}))
"""


def test_a_reward_term_is_one_entry() -> None:
    edits = {"orbit_gym/scenario/reward.py": [(PRICE, ADDED)]}
    results = json.loads(printed_with_edits(edits, PLAY))
    assert results["terms"]["waiting_cost"] == -0.25 * results["elapsed_s"] < 0.0
    assert sum(results["terms"].values()) == results["reward"]
    assert results["vector"] == [-0.5 * elapsed_s for elapsed_s in results["vector_elapsed_s"]]
    assert results["docs"] == [
        "| `waiting_cost` | 0.5 | minus the seconds to the next decision times this price |"
    ]
