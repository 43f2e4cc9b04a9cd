"""Draw the map of a running episode, and time it: python -m benchmarks.picture.

Writes docs/images/map-<scenario>.png.

The episode is played by eft_admit (the earliest delivery in time, else reject); the picture is what
render_mode="rgb_array" gives.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image

from orbit_gym.env import Observation, OrbitEnv
from orbit_gym.observation import COLUMNS
from orbit_gym.utils.errors import fail_cleanly
from orbit_gym.views.map import palette

SIGNS = (
    *palette.QUEUE_COLOURS,
    *(
        palette.TEXT,
        palette.STATION,
        palette.USER,
        palette.INPUT,
        palette.RESULT,
        palette.TASK,
        palette.BAD,
        palette.CHARGE,
        palette.LASER,
    ),
)


@dataclass(frozen=True)
class Options:
    """Draw the map of a moment of an episode, and time further frames."""

    scenario: str = "ThreeBody12"
    """Catalogue name or .toml file."""
    split: str = "validation"
    """Days that the episode is drawn from."""
    seed: int = 5
    """Seed of the episode."""
    decisions: int = 1_980
    """Decisions before the picture."""
    frames: int = 0
    """Frames to time after it, one a decision."""
    out: str = ""
    """File to write; empty: docs/images/map-<scenario>.png."""


def eft_admit(observation: Observation) -> int:
    """The action of the README's example."""
    rows, column = observation["nodes"], COLUMNS["nodes"]
    cost = np.where(rows[:, column["plan_on_time"]] > 0.0, rows[:, column["plan_delivery"]], np.inf)
    return int(cost.argmin()) if cost.min() < np.inf else len(rows)


def play(env: OrbitEnv, observation: Observation, decisions: int) -> Observation:
    """Play on, at most to the end of the episode; return the last observation."""
    for _ in range(decisions):
        observation, _, _, truncated, _ = env.step(eft_admit(observation))
        if truncated:
            break
    return observation


def save(picture: np.ndarray, out: Path) -> None:
    """Write a PNG of 256 colours, a third of the size.

    Those that signs and text are drawn in, and the best others for the Earth.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(picture)
    exact = [round(255.0 * part) for colour in SIGNS for part in colour]
    other_colours = image.quantize(256 - len(exact) // 3).getpalette() or []
    palette_image = Image.new("P", (1, 1))
    palette_image.putpalette(exact + other_colours[: 768 - len(exact)])
    image.quantize(palette=palette_image, dither=Image.Dither.NONE).save(out, optimize=True)


def measure(env: OrbitEnv, observation: Observation, frames: int) -> str:
    """Return frames per second of drawing alone, over decisions played on.

    By the clock and by this process's own time.
    """
    wall_s, own_s = [], []
    for _ in range(frames):
        observation = play(env, observation, 1)
        began, own_began = time.perf_counter(), time.process_time()
        env.render()
        wall_s.append(time.perf_counter() - began)
        own_s.append(time.process_time() - own_began)
    return (
        f"{1.0 / np.median(wall_s):.1f} frames/s by the clock, {1.0 / np.median(own_s):.1f} of "
        f"processor time (medians of {frames})"
    )


def draw(options: Options) -> Path:
    """Play, draw and write one picture; return the file."""
    env = OrbitEnv(options.scenario, split=options.split, render_mode="rgb_array")
    observation, _ = env.reset(seed=options.seed)
    observation = play(env, observation, options.decisions)
    picture = env.render()
    assert picture is not None
    out = Path(options.out or f"docs/images/map-{env.scenario.name}.png")
    save(picture, out)
    if options.frames > 0:
        print(f"{env.scenario.name}: {measure(env, observation, options.frames)}")
    return out


def main() -> None:
    """Command line."""
    fail_cleanly(lambda: print(f"wrote {draw(tyro.cli(Options, description=__doc__))}"))


if __name__ == "__main__":
    main()
