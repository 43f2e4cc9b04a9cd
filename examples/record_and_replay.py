"""Record an episode, and make a page with a globe from its log."""

import sys

import gymnasium as gym

import orbit_gym  # noqa: F401  (registers the environments)
from orbit_gym.views.episode_log import read_log
from orbit_gym.views.replay import write_page
from orbit_gym.wrappers import RecordEpisode


def main(scenario: str = "ThreeBody12", folder: str = "logs") -> None:
    """Play the first valid action of every step; write the log and the page."""
    env = RecordEpisode(gym.make(f"OrbitGym/{scenario}-v0"), folder, policy="first-valid")
    env.reset(seed=7)
    truncated = False
    while not truncated:
        action = int(env.unwrapped.action_masks().argmax())
        _, _, _, truncated, _ = env.step(action)
    page = write_page(f"{folder}/replay.html", [read_log(env.path)])
    print(f"wrote {env.path} and {page}; open the page in a browser, it needs no network")


if __name__ == "__main__":
    main(*sys.argv[1:3])
