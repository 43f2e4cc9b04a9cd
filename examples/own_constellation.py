"""Fly satellites of a TLE file over the stations of a scenario that comes along."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import gymnasium as gym

import orbit_gym  # noqa: F401  (registers the environments)

TLE = """SCS-01 A
1 63982U 25100A   25214.80554412  .00009133  00000+0  43367-3 0  9990
2 63982  97.4033 288.9511 0010590  50.2724 309.9442 15.19411726 12253
SCS-01 B
1 63983U 25100B   25214.80659006  .00013727  00000+0  61362-3 0  9995
2 63983  97.4027 289.0958 0012372 351.6146   8.4881 15.21370966 12240
"""

if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if sys.argv[1:] else Path(folder) / "mine.tle"
        if not sys.argv[1:]:
            path.write_text(TLE, encoding="utf-8")
        scenario = {
            "extends": "Ring12",
            "name": "mine",
            "epoch_utc": "2025-08-02T00:00:00",  # within two weeks of the elements
            "episode_s": 600.0,
            "constellation": {"satellites": [], "shells": [], "tle_file": str(path)},
            "workload": {"polarimeters": []},  # empty: every satellite has one
        }
        env = gym.make("OrbitGym/Ring12-v0", scenario=scenario)
        observation, _ = env.reset(seed=1)
        print("nodes:", ", ".join(env.unwrapped.node_names[:4]), "...")
        truncated = False
        while not truncated:
            action = int(env.unwrapped.action_masks().argmax())  # the first valid one
            _, _, _, truncated, info = env.step(action)
        print("served:", info["episode_metrics"]["served_value_fraction"])
