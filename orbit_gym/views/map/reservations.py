"""What is booked: how much each calendar was used of late, and the work that each accelerator has
ahead.
"""

import numpy as np

from orbit_gym.kernels.state import NONE, State
from orbit_gym.world.layout import World

# choice: use is what was booked in about the last minute; what lies back longer counts less and
# less
FADING_S = 60.0


class RecentUse:
    """Use of the calendars, followed decision by decision.

    Exact to the last booking if told of every decision.
    """

    def __init__(self, n_resources: int, time_s: float) -> None:
        """Start with an episode: nothing is booked."""
        self._before_s, self._recent_s, self._time_s = (
            np.zeros(n_resources),
            np.zeros(n_resources),
            time_s,
        )

    def follow(self, used_s: np.ndarray, time_s: float) -> None:
        """Count what was booked since the last call.

        used_s (n_resources,) are seconds booked in the episode.
        """
        self._recent_s *= np.exp(-max(time_s - self._time_s, 0.0) / FADING_S)
        self._recent_s += used_s - self._before_s
        self._before_s, self._time_s = used_s.copy(), time_s

    @property
    def fraction(self) -> np.ndarray:
        """Share of the last minute that was booked, (n_resources,), 0 to 1."""
        return np.minimum(self._recent_s / FADING_S, 1.0)


def queues(world: World, state: State, now_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return booked work ahead in seconds of the whole accelerator, and lanes in use now.

    Of every accelerator (n_accelerators,).

    The chains of segments are walked side by side.
    """
    work_s, lanes = np.zeros(state.units.size), np.zeros(state.units.size)
    owners = np.flatnonzero(state.units["first_segment"] != NONE)
    rows = state.units["first_segment"][owners]
    while rows.size:
        segments = state.segments[rows]
        ahead_s = np.clip(segments["end_s"] - np.maximum(segments["start_s"], now_s), 0.0, None)
        work_s[owners] += ahead_s * segments["lanes"] / world.accelerators["lanes"][owners]
        lanes[owners] += np.where(
            (segments["start_s"] <= now_s) & (now_s < segments["end_s"]), segments["lanes"], 0
        )
        goes_on = segments["next"] != NONE
        owners, rows = owners[goes_on], segments["next"][goes_on]
    return work_s, lanes
