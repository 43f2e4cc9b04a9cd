"""Dates: a scenario's epoch, Julian dates, and the days that Worlds are made of."""

import math
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from sgp4.api import jday

from orbit_gym.scenario.scenario import Scenario
from orbit_gym.utils.units import DAY_S

FIRST_DAY, LAST_DAY = 1, 7  # days of all splits (orbit_gym.workload.splits), after the epoch
PAST_HORIZON_S = 60.0  # a World's last sample lies up to two steps of 30 s past its horizon


class Span(NamedTuple):
    """An interval of UTC, both ends included."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        """Return both ends as ISO 8601."""
        return f"{self.start.isoformat()} to {self.end.isoformat()}"


def epoch_of(scenario: Scenario) -> datetime:
    """Return the scenario's epoch as a naive datetime in UTC."""
    epoch = datetime.fromisoformat(scenario.epoch_utc)
    return epoch.astimezone(UTC).replace(tzinfo=None) if epoch.tzinfo else epoch


def span_of_worlds(scenario: Scenario) -> Span:
    """Return the time for which Worlds of any split need positions."""
    midnight = datetime.combine(epoch_of(scenario).date(), time())
    past_s = math.ceil(scenario.episode_s + scenario.look_ahead_s + PAST_HORIZON_S)
    return Span(
        midnight + timedelta(days=FIRST_DAY),
        midnight + timedelta(days=LAST_DAY, seconds=DAY_S + past_s),
    )


def julian_date(instant: datetime) -> tuple[float, float]:
    """Return UTC as Julian date and fraction of a day."""
    return jday(
        instant.year,
        instant.month,
        instant.day,
        instant.hour,
        instant.minute,
        instant.second + instant.microsecond / 1e6,
    )
