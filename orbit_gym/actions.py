"""The actions as one table: the candidates first, then the kinds of KINDS that a scenario offers.

An environment has one action for each candidate, in the order of the observation's rows, and one
for each kind by name. Rejecting is always the first kind, so its index is the number of candidates
whatever follows. To add a kind, add an entry here and its branch in
orbit_gym/kernels/action_kinds.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

REJECT, EARLIEST = range(2)  # codes, as the kernels know them


@dataclass(frozen=True)
class ActionKind:
    """An action that stands for no candidate of its own."""

    code: int
    meaning: str


KINDS: dict[str, ActionKind] = {
    "reject": ActionKind(REJECT, "place the task nowhere; always valid"),
    "earliest": ActionKind(
        EARLIEST, "the candidate whose plan delivers first; valid where a plan exists"
    ),
}
DEFAULT_KINDS = ("reject",)


def checked_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """Kinds of actions as a tuple; ValueError names an unknown one, or a missing "reject"."""
    names = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for name in names:
        if name not in KINDS:
            raise ValueError(f"unknown action {name!r}; choose from {', '.join(KINDS)}")
    if not names or names[0] != "reject" or len(set(names)) < len(names):
        raise ValueError(f'actions must begin with "reject" and name each kind once, got {names!r}')
    return names


@dataclass(frozen=True)
class ActionLayout:
    """Which index of an action space stands for what."""

    n_candidates: int
    kinds: tuple[str, ...] = DEFAULT_KINDS

    @property
    def n_actions(self) -> int:
        """Size of the action space."""
        return self.n_candidates + len(self.kinds)

    @property
    def reject(self) -> int:
        """Index of the action that places the task nowhere."""
        return self.n_candidates

    def is_candidate(self, action: int) -> bool:
        """True for an action that stands for a row of the observation."""
        return 0 <= action < self.n_candidates

    def index(self, kind: str) -> int:
        """Index of a kind of action; ValueError if this environment does not offer it."""
        if kind not in self.kinds:
            raise ValueError(f"no action {kind!r} here; there are {', '.join(self.kinds)}")
        return self.n_candidates + self.kinds.index(kind)

    def name(self, action: int) -> str:
        """Name of an action: "candidate 3", or its kind."""
        if self.is_candidate(action):
            return f"candidate {action}"
        return self.kinds[action - self.n_candidates]
