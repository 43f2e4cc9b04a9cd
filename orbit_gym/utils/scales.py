"""Scales of observation columns: from an amount in SI units to a number of order 1, and back."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fraction:
    """The amount itself, where it has no unit."""

    low: float = 0.0
    high: float = 1.0

    @property
    def formula(self) -> str:
        """How the column is made of the amount; empty where it is the amount."""
        return ""

    def encode(self, amount: np.ndarray | float) -> np.ndarray:
        """Column of an amount, clipped to the bounds."""
        return np.clip(np.asarray(amount, np.float64), self.low, self.high)

    def decode(self, column: np.ndarray | float) -> np.ndarray:
        """Amount behind a column."""
        return np.asarray(column, np.float64)


@dataclass(frozen=True)
class Flag(Fraction):
    """1 for yes, 0 for no."""


@dataclass(frozen=True)
class Linear(Fraction):
    """The amount over a fixed one."""

    per: float = 1.0
    unit: str = ""

    @property
    def formula(self) -> str:
        """How the column is made of the amount."""
        return f"{self.unit} / {_number(self.per)}"

    def encode(self, amount: np.ndarray | float) -> np.ndarray:
        """Column of an amount, clipped to the bounds."""
        return np.clip(np.asarray(amount, np.float64) / self.per, self.low, self.high)

    def decode(self, column: np.ndarray | float) -> np.ndarray:
        """Amount behind a column, up to the bounds."""
        return self.per * np.asarray(column, np.float64)


@dataclass(frozen=True)
class Log(Fraction):
    """log1p(amount / per) / log1p(limit): 0 for nothing, 1 for limit x per and above."""

    per: float = 1.0
    limit: float = 1.0
    unit: str = ""

    @property
    def log_limit(self) -> float:
        """Natural logarithm that the column divides by."""
        return math.log1p(self.limit)

    @property
    def formula(self) -> str:
        """How the column is made of the amount."""
        ratio = self.unit if self.per == 1.0 else f"{self.unit} / {_number(self.per)}"
        return f"log1p({ratio}) / log1p({_number(self.limit)})"

    def encode(self, amount: np.ndarray | float) -> np.ndarray:
        """Column of an amount, clipped to the bounds."""
        ratio = np.maximum(np.asarray(amount, np.float64), 0.0) / self.per
        return np.minimum(np.log1p(ratio) / self.log_limit, self.high)

    def decode(self, column: np.ndarray | float) -> np.ndarray:
        """Amount behind a column, up to the bound."""
        return self.per * np.expm1(np.asarray(column, np.float64) * self.log_limit)


def _number(value: float) -> str:
    """A number as people type it: 1e6, not 1e+06."""
    return f"{value:g}".replace("e+0", "e").replace("e+", "e")
