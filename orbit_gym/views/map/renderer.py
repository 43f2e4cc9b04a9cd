"""What the environments know of rendering: check the mode, follow the decisions, hand out frames.

Without a mode nothing runs.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from orbit_gym.scenario.scenario import Scenario
from orbit_gym.simulation.booking_log import BookingLog
from orbit_gym.simulation.simulation import Simulation
from orbit_gym.views.map.snapshot import Placement, Tracker, totals

if TYPE_CHECKING:
    from orbit_gym.views.map.canvas import Canvas

RENDER_FPS = 10  # choice: decisions a second in a window or a video
MISSING = 'render_mode needs matplotlib, which is not installed: pip install "orbit-gym[viz]"'


def checked_mode(mode: str | None, allowed: Sequence[str]) -> str | None:
    """The render mode; ValueError names the choices."""
    if mode is not None and mode not in allowed:
        raise ValueError(f"render_mode must be None or one of {', '.join(allowed)}, got {mode!r}")
    return mode


class _Member:
    """One environment that is watched through one episode."""

    def __init__(self, tracker: Tracker, canvas: "Canvas") -> None:
        self.tracker, self.canvas = tracker, canvas
        self.placement: Placement | None = None


class Renderer:
    """Pictures of `count` environments of one scenario; one mode for all."""

    def __init__(
        self, mode: str, scenario: Scenario, names: tuple[str, ...], count: int = 1
    ) -> None:
        """Import what draws.

        ImportError says what to install, RuntimeError where a window cannot be opened.
        """
        try:
            from orbit_gym.views.map.canvas import MAP, Canvas
            from orbit_gym.views.map.ground_layers import Ground
            from orbit_gym.views.map.window import Window
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == "matplotlib":
                raise ImportError(MISSING) from error
            raise
        self._scenario, self._names = scenario, names
        self._members: list[_Member | None] = [None] * count
        self._new_canvas: Callable[..., Canvas] = Canvas
        self._ground = Ground(MAP)
        self._window = Window(f"OrbitGym {scenario.name}", RENDER_FPS) if mode == "human" else None

    def begin(self, simulation: Simulation, day: int, member: int = 0) -> None:
        """An episode starts on a day counted from the scenario's epoch."""
        tracker = Tracker(self._scenario, day, simulation.world, simulation.episode)
        self._members[member] = _Member(
            tracker,
            self._new_canvas(simulation.world, self._names, self._scenario.name, self._ground),
        )

    def before_decision(self, simulation: Simulation, action: int, member: int = 0) -> None:
        """A checked action is about to be applied: keep the plan that it would book."""
        index, is_candidate = simulation.task_index, action < simulation.n_candidates
        plan = simulation.plan(action) if is_candidate else None
        is_booked = plan is not None and plan.exists
        placement = Placement(
            index,
            simulation.episode.tasks[index],
            plan if is_booked else None,
            is_candidate and not is_booked,
        )
        self._view_of(member).placement = placement

    def after_decision(self, simulation: Simulation, member: int = 0) -> None:
        """The action has been applied."""
        self._view_of(member).tracker.follow(simulation)

    def frame(self, simulation: Simulation, log: BookingLog, member: int = 0) -> np.ndarray:
        """The picture of an environment now, (height, width, 3) uint8."""
        view = self._view_of(member)
        snapshot = view.tracker.snapshot(simulation, view.placement, totals(simulation, log))
        picture = view.canvas.frame(snapshot, view.tracker.utc(snapshot.time_s))
        if self._window is not None:
            self._window.show(picture)
        return picture

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()

    def _view_of(self, member: int) -> _Member:
        view = self._members[member]
        if view is None:
            raise RuntimeError("call reset() first")
        return view
