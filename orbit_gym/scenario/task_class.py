"""What describes a task class, and the checks that a new one must pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from orbit_gym.scenario.field_types import Checked, number_field, positive_field
from orbit_gym.scenario.models import MODEL_BYTES
from orbit_gym.scenario.origins import ORIGINS
from orbit_gym.utils.suggestions import did_you_mean

Quantiles = tuple[tuple[float, float], ...]  # (probability, tokens), both rising, linear between


class Burstiness(NamedTuple):
    """How arrivals of a class bunch: clusters of random size, a rate of two levels, or neither.

    Both leave the mean rate alone. The switching is relative to the mean rate, so that it stays
    true at any load.
    """

    source: str
    cluster_mean: float = 1.0  # tasks or bursts that come together, geometric, at one place
    cluster_gap_s: float = 0.0  # between them, exponential with this mean
    busy_fraction: float = 1.0  # of time at the high level
    busy_factor: float = 1.0  # high level over the mean rate; busy_fraction * busy_factor <= 1
    memory_s: float = 1.0  # correlation time of the level

    @property
    def rest_factor(self) -> float:
        """Low level over the mean rate, so that the mean is 1."""
        if self.busy_fraction >= 1.0:
            return 1.0
        return (1.0 - self.busy_fraction * self.busy_factor) / (1.0 - self.busy_fraction)

    def check(self) -> None:
        """Raise ValueError where the mean rate could not be as given."""
        if self.cluster_mean < 1.0 or self.cluster_gap_s < 0.0 or self.memory_s <= 0.0:
            raise ValueError(
                "burstiness must have cluster_mean of at least 1, cluster_gap_s of at least 0 and "
                f"a positive memory_s, got {self}"
            )
        # 1e-9: a factor typed as 1 / fraction may round up
        if not 0.0 < self.busy_fraction <= 1.0 or not (
            1.0 <= self.busy_factor <= 1.0 / self.busy_fraction + 1e-9
        ):
            raise ValueError(
                "burstiness must have busy_fraction above 0 and at most 1, and busy_factor from 1 "
                f"to 1 / busy_fraction, got {self.busy_fraction:g} and {self.busy_factor:g}"
            )


POISSON = Burstiness("assumption: Poisson, no trace in hand")


@dataclass(frozen=True, kw_only=True)
class TaskClass(Checked):
    """One kind of work: where it appears, what it moves and computes, its deadline and its worth.

    Every number is checked when the class is made; ValueError says what to type instead.
    """

    origin: str  # one of ORIGINS
    model: str  # one of MODEL_BYTES
    # uniform between these; value does not decay inside, late is worth 0
    slack_s: tuple[float, float] = positive_field()
    value: float = number_field()
    input_bits: float = positive_field()
    result_bits: float = positive_field()
    source: str
    vision_flop: float = number_field(0.0)  # takes every lane of an accelerator
    vision_bytes: float = number_field(0.0)
    prompt_tokens: Quantiles = ()  # takes one lane: prefill, then decode
    output_tokens: Quantiles = ()
    # bits and flop are scaled by one uniform factor in 1 +- size_spread
    size_spread: float = number_field(0.0, high=0.99)
    # tasks released together, as the chunks of a scene
    burst_count: int = number_field(1, low=1, high=10_000)
    burst_spacing_s: float = number_field(0.0)
    is_alert: bool = False  # result may go by the alert channel
    burstiness: Burstiness = POISSON  # of bursts, where burst_count is above 1

    def __post_init__(self) -> None:
        """Check origin, model, slack, and that there is either vision work or tokens."""
        super().__post_init__()
        _check_name("origin", self.origin, ORIGINS)
        _check_name("model", self.model, MODEL_BYTES)
        if len(self.slack_s) != 2 or self.slack_s[0] > self.slack_s[1]:
            raise ValueError(
                "task_class.slack_s must be the least and the largest slack like (60.0, 120.0), "
                f"got {self.slack_s}"
            )
        if bool(self.prompt_tokens) != bool(self.output_tokens):
            raise ValueError("task_class needs prompt_tokens and output_tokens, or neither")
        if self.is_language == (self.vision_flop > 0.0):
            raise ValueError(
                "task_class needs either vision_flop above 0, for work that takes every lane, or "
                "prompt_tokens and output_tokens, for work that takes one"
            )
        for name in ("prompt_tokens", "output_tokens"):
            _check_quantiles(name, getattr(self, name))
        self.burstiness.check()

    @property
    def is_language(self) -> bool:
        """True where the class takes one lane (prefill and decode) instead of all of them."""
        return bool(self.prompt_tokens)


def _check_name(field: str, name: str, known_names: Iterable[str]) -> None:
    names = list(known_names)
    if name not in names:
        hint = did_you_mean(str(name), names)
        raise ValueError(
            f"task_class.{field} must be one of {', '.join(names)}; {hint}got {name!r}"
        )


def _check_quantiles(field: str, quantiles: Quantiles) -> None:
    if not quantiles:
        return
    probabilities, tokens = zip(*quantiles)
    is_rising = all(a < b for a, b in pairwise(probabilities)) and list(tokens) == sorted(tokens)
    if not is_rising or (probabilities[0], probabilities[-1]) != (0.0, 1.0) or tokens[0] < 0.0:
        raise ValueError(
            f"task_class.{field} must be (probability, tokens) rising from probability 0 to 1, "
            f"like ((0.0, 20.0), (1.0, 100.0)); got {quantiles}"
        )
