"""Timing two ways of doing the same in turns, so that a noisy machine disturbs both alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Round = Callable[[], int]  # does its work once; how much of it was done


@dataclass(frozen=True)
class Figure:
    """`ours` and `naive` are medians per second; `ratio` is how many times ours is faster."""

    name: str
    unit: str
    ours: float
    naive: float
    naive_way: str

    @property
    def ratio(self) -> float:
        return self.ours / self.naive

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": round(self.ours, 2),
            "naive": round(self.naive, 2),
            "ratio": round(self.ratio, 2),
            "naive_way": self.naive_way,
        }


def compare(name: str, unit: str, ours: Round, naive: Round, naive_way: str, rounds: int) -> Figure:
    pairs = [(_rate(ours), _rate(naive)) for _ in range(rounds)]
    mine, theirs = (median(side) for side in zip(*pairs, strict=True))
    return Figure(name, unit, mine, theirs, naive_way)


def _rate(work: Round) -> float:
    begun = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - begun)
