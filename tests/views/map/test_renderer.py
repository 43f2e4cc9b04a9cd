"""Frames of running episodes: shape, what changes and what must not, errors, wrappers."""

import sys
import types
import warnings
from typing import Any

import gymnasium as gym
import matplotlib
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from matplotlib import pyplot
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3

import orbit_gym  # noqa: F401  (registers the environments)
from orbit_gym.env import OrbitEnv
from orbit_gym.kernels.network.transfers import position_m
from orbit_gym.vector import OrbitVectorEnv
from orbit_gym.views.map import palette
from orbit_gym.views.map.canvas import MAP, Canvas
from orbit_gym.views.map.projection import WorldView, geodetic_deg
from orbit_gym.views.map.renderer import MISSING, RENDER_FPS, Renderer
from orbit_gym.views.map.snapshot import Snapshot
from tests.helpers import fake_window
from tests.helpers.playing import at_random

ANY_PAGE = (720, 1280, 3)


@pytest.fixture
def snapshots(monkeypatch: pytest.MonkeyPatch) -> list[Snapshot]:
    """Moments that canvases were given to draw, in order."""
    taken_snapshots: list[Snapshot] = []
    draw = Canvas.frame

    def keep(self: Canvas, snapshot: Snapshot, utc: str) -> np.ndarray:
        taken_snapshots.append(snapshot)
        return draw(self, snapshot, utc)

    monkeypatch.setattr(Canvas, "frame", keep)
    return taken_snapshots


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """matplotlib draws to a pretended window; returns what it shows."""
    pyplot.close("all")
    backend = matplotlib.get_backend()
    matplotlib.use("module://tests.helpers.fake_window")
    fake_window.FRAMES.clear()
    yield fake_window.FRAMES
    pyplot.close("all")
    matplotlib.use(backend)


def map_of(frame: np.ndarray) -> np.ndarray:
    """The map's part of a frame."""
    return frame[720 - int(MAP.bottom + MAP.height) : 720 - int(MAP.bottom), : int(MAP.width)]


def has_colour_near(
    frame: np.ndarray, place: np.ndarray, colour: palette.Colour, reach: int
) -> bool:
    """True if a colour is within some pixels of a place (2,), measured from the lower left
    corner.
    """
    x, y = round(place[0]), round(720 - place[1])
    part = frame[max(y - reach, 0) : y + reach, max(x - reach, 0) : x + reach].astype(int)
    return bool((np.abs(part - 255.0 * np.array(colour)).max(axis=-1) < 12.0).any())


# --- the array


def test_frames_change_with_the_steps_and_are_fresh() -> None:
    env = OrbitEnv("Tiny", render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    assert first.shape == ANY_PAGE and first.dtype == np.uint8
    second_frame = env.render()
    assert second_frame is not first and np.array_equal(second_frame, first)
    env.step(0)
    second = env.render()
    assert not np.array_equal(map_of(first), map_of(second))
    assert not np.array_equal(first[:, 1000:], second[:, 1000:])  # the panel counts


def test_rendering_changes_no_trace() -> None:
    """Observations, rewards and the next episode's seed are the same with and without pictures at
    every step.
    """
    overrides = {
        "candidates": 4
    }  # so that the State leaves satellites unsettled that the pictures have to settle
    plain, rendered = (
        OrbitEnv("CrossPlane12", overrides, "validation", mode) for mode in (None, "rgb_array")
    )
    rng = np.random.default_rng(3)
    for one, two in zip(
        plain.reset(seed=5)[0].values(), rendered.reset(seed=5)[0].values(), strict=True
    ):
        assert np.array_equal(one, two)
    rendered.render()
    for _ in range(25):
        action = at_random(plain.simulation, rng)
        (obs, reward, *_), (obs_shown, reward_shown, *_) = plain.step(action), rendered.step(action)
        rendered.render()
        assert reward == reward_shown and all(
            np.array_equal(obs[key], obs_shown[key]) for key in obs
        )
    for one, two in zip(plain.simulation.state, rendered.simulation.state, strict=True):
        assert one.tobytes() == two.tobytes()
    assert plain.reset()[1] == rendered.reset()[1]


def test_without_a_mode_nothing_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("begin", "before_decision", "after_decision", "frame"):
        monkeypatch.setattr(Renderer, name, lambda *_: pytest.fail("called without a render mode"))
    env = OrbitEnv("Tiny")
    env.reset(seed=0)
    env.step(0)
    with pytest.warns(UserWarning, match="render.. shows nothing without a render_mode"):
        assert env.render() is None


@pytest.mark.parametrize("name", ["Tiny", "ThreeBody12"])
def test_satellites_stand_over_their_sub_satellite_points(
    name: str, snapshots: list[Snapshot]
) -> None:
    """Places drawn are those of orbit_gym.kernels.network.transfers.position_m, and a rim or class
    colour is there on the picture.
    """
    env = OrbitEnv(name, split="validation", render_mode="rgb_array")
    env.reset(seed=1)
    frame, snapshot = env.render(), snapshots[-1]
    world, time_s = env.simulation.world, env.simulation.time_s
    for satellite in (0, len(snapshot.queue_s) - 1):
        expected_m = np.array(position_m(world, satellite, time_s))
        assert np.allclose(snapshot.positions_m[satellite], expected_m, atol=1e-6)
        colour = palette.QUEUE_COLOURS[int(palette.queue_class(snapshot.queue_s)[satellite])]
        assert has_colour_near(frame, WorldView(MAP).pixels(geodetic_deg(expected_m)), colour, 7)


def test_the_route_of_the_last_booking_is_drawn(snapshots: list[Snapshot]) -> None:
    """The placed plan's hops are those that plan(k) told before, and the colour of the input's
    route lies on each of its hops.
    """
    env = OrbitEnv("CrossPlane12", split="validation", render_mode="rgb_array")
    env.reset(seed=2)
    rng, n_plans = np.random.default_rng(0), 0
    for _ in range(60):
        action = at_random(env.simulation, rng)
        plan = env.plan(action) if action < 13 else None
        env.step(action)
        if (
            plan is None
            or len(plan.input_hops) < 2
            or plan.input_hops == plan.result_hops[: len(plan.input_hops)]
        ):
            continue
        frame, snapshot = env.render(), snapshots[-1]
        assert snapshot.placement is not None and snapshot.placement.plan == plan
        view = WorldView(MAP)
        for hop in plan.input_hops:
            line = view.pixels(
                geodetic_deg(
                    0.5 * (snapshot.positions_m[hop.from_node] + snapshot.positions_m[hop.to_node])
                )
            )
            if MAP.holds(line):
                assert has_colour_near(frame, line, palette.INPUT, 12) or has_colour_near(
                    frame, line, palette.RESULT, 12
                )
                n_plans += 1
        if n_plans > 5:
            return
    raise AssertionError("no plan with two input hops in 60 decisions")


def test_totals_are_those_of_the_metrics(snapshots: list[Snapshot]) -> None:
    """Tiny to its end: what the panel counted is what episode_metrics reports."""
    env = OrbitEnv("Tiny", render_mode="rgb_array")
    env.reset(seed=0)
    truncated, info, rng = False, {}, np.random.default_rng(1)
    while not truncated:
        *_, truncated, info = env.step(at_random(env.simulation, rng))
    env.render()
    totals, metrics = snapshots[-1].totals, info["episode_metrics"]
    assert (totals.decisions, totals.n_delivered, totals.n_late, totals.n_rejected) == tuple(
        metrics[name] for name in ("n_released", "n_delivered", "n_late", "n_rejected")
    )
    assert (
        totals.delivered_value == metrics["delivered_value"]
        and totals.released_value == metrics["released_value"]
    )


# --- wrappers and checkers


def test_gymnasium_checker_with_pictures_and_window(window: list[np.ndarray]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make("OrbitGym/Tiny-v0", render_mode="rgb_array").unwrapped)
    assert len(window) == 2  # of the mode "human": after its reset, and when asked


def test_stable_baselines3_checker_renders() -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*image.*|.*minimal resolution.*|.*unconventional shape.*"
        )
        check_env_of_sb3(OrbitEnv("Tiny", render_mode="rgb_array"), skip_render_check=False)


def test_the_passive_checker_and_render_collection_are_content() -> None:
    env = gym.wrappers.RenderCollection(gym.make("OrbitGym/Tiny-v0", render_mode="rgb_array"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env.reset(seed=0)
        env.step(0)
    assert [frame.shape for frame in env.render()] == [ANY_PAGE, ANY_PAGE]


def test_record_video(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """moviepy is not among the requirements: its clip is a stand-in that takes the frames,
    everything else is Gymnasium's own.
    """
    clips: list[tuple[int, int]] = []

    class Clip:
        def __init__(self, frames: list[np.ndarray], fps: int) -> None:
            assert all(frame.shape == ANY_PAGE and frame.dtype == np.uint8 for frame in frames)
            clips.append((len(frames), fps))

        def write_videofile(self, path: str, logger: Any) -> None:
            assert path.endswith(".mp4")

    for name in (
        "moviepy",
        "moviepy.video",
        "moviepy.video.io",
        "moviepy.video.io.ImageSequenceClip",
    ):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["moviepy.video.io.ImageSequenceClip"].ImageSequenceClip = Clip  # type: ignore[attr-defined]
    env = gym.wrappers.RecordVideo(
        gym.make("OrbitGym/Tiny-v0", render_mode="rgb_array"),
        str(tmp_path / "videos"),
        episode_trigger=lambda _: True,
    )
    env.reset(seed=0)
    for _ in range(3):
        env.step(0)
    env.close()
    assert clips == [(4, RENDER_FPS)]


def test_members_of_a_vector_show_what_single_environments_show() -> None:
    envs, single = (
        OrbitVectorEnv(2, "Tiny", render_mode="rgb_array"),
        OrbitEnv("Tiny", render_mode="rgb_array"),
    )
    envs.reset(seed=4)
    single.reset(seed=5)
    for _ in range(2):
        envs.step(np.array([4, 0]))
        single.step(0)
    frames = envs.render()
    assert len(frames) == 2 and not np.array_equal(*frames)
    assert np.array_equal(frames[1], single.render())


def test_a_vector_goes_on_after_an_episode() -> None:
    envs = OrbitVectorEnv(1, "Tiny", render_mode="rgb_array")
    envs.reset(seed=0)
    for _ in range(10):  # eight tasks, and the reset
        envs.step(np.array([4]))
    assert envs.render()[0].shape == ANY_PAGE


# --- the window


def test_a_window_follows_by_itself(window: list[np.ndarray]) -> None:
    env, image_env = (
        OrbitEnv("Tiny", render_mode="human"),
        OrbitEnv("Tiny", render_mode="rgb_array"),
    )
    for one in (env, image_env):
        one.reset(seed=0)
        one.step(0)
    assert len(window) == 2 and env.render() is None
    assert np.array_equal(window[1][..., :3], image_env.render())
    assert fake_window.TOOLBARS[-1] == "None"  # nothing on the picture can be zoomed
    env.close()
    env.close()


def test_a_window_that_was_closed_stays_closed(window: list[np.ndarray]) -> None:
    env = OrbitEnv("Tiny", render_mode="human")
    env.reset(seed=0)
    live_window = env._renderer._window
    pyplot.close("all")
    env.step(0)
    assert len(window) == 1 and live_window._is_closed


# --- errors


def test_a_wrong_mode_is_named() -> None:
    with pytest.raises(
        ValueError, match="render_mode must be None or one of human, rgb_array, got 'ansi'"
    ):
        OrbitEnv("Tiny", render_mode="ansi")


def test_without_a_display_the_window_says_what_to_take() -> None:
    backend = matplotlib.get_backend()
    matplotlib.use("agg")
    try:
        with pytest.raises(
            RuntimeError,
            match="needs a display .* here is only 'agg'; take render_mode='rgb_array'",
        ):
            OrbitEnv("Tiny", render_mode="human")
    finally:
        matplotlib.use(backend)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name
        for name in sys.modules
        if name.split(".")[0] == "matplotlib" or name.startswith("orbit_gym.views.map.")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(
        sys.modules, "matplotlib", None
    )  # what Python keeps of a module that cannot be found
    with pytest.raises(ImportError, match="pip install") as caught:
        OrbitEnv("Tiny", render_mode="rgb_array")
    assert str(caught.value) == MISSING
    OrbitEnv("Tiny").reset(seed=0)


def test_render_before_reset() -> None:
    with pytest.raises(RuntimeError, match=r"call reset\(\) first"):
        OrbitEnv("Tiny", render_mode="rgb_array").render()
