"""What a worker holds and what it has to tell, as plain values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from app.delivery.leasing import Due, Lease
from app.delivery.settling import Settled


@dataclass
class Held:
    """A leased chunk: how far it was taken, and how much of it is not written down yet."""

    lease: Lease
    cursor: int
    exhausted: bool = False  # nothing more is taken of it
    given_back: bool = False  # though there may be more in it
    outstanding: int = 0


@dataclass
class Grant:
    """What a relay with a limited rate may still be given, until when."""

    left: int
    until: datetime
    made_at: datetime
    is_refused: bool = False  # there was nothing left to give

    def __post_init__(self) -> None:
        self.is_refused = self.left == 0

    def is_over(self, now: datetime) -> bool:
        """Also when it was made later than now: the clock was set back since."""
        return self.until <= now or self.made_at > now


class Parked(NamedTuple):
    """A delivery that waits in the ledger; until its domain has a place for it, if it is not said.
    `is_slot`: that time is a place which was reserved for it."""

    due: Due
    until: datetime | None = None
    is_slot: bool = False


@dataclass
class News:
    """What the database must be told."""

    answers: list[Settled] = field(default_factory=list)
    left: list[Due] = field(default_factory=list)  # not to be mailed any more
    parked: list[Parked] = field(default_factory=list)
    given_back: list[Due] = field(default_factory=list)  # not begun
    throttled: dict[int, str] = field(default_factory=dict)  # delivery -> domain
    holds: dict[str, str] = field(default_factory=dict)  # key -> why
    works_again: set[str] = field(default_factory=set)
    refused_senders: dict[int, str] = field(default_factory=dict)  # issue -> the relay's words

    def __len__(self) -> int:
        return len(self.answers) + len(self.left) + len(self.parked) + len(self.given_back)

    def __bool__(self) -> bool:
        return bool(len(self) or self.works_again or self.is_urgent)

    def add_newer(self, newer: "News") -> None:
        for name in ("answers", "left", "parked", "given_back"):
            getattr(self, name).extend(getattr(newer, name))
        self.works_again |= newer.works_again
        for name in ("throttled", "holds", "refused_senders"):
            getattr(self, name).update(getattr(newer, name))

    @property
    def is_urgent(self) -> bool:
        """Other workers should know it at once."""
        return bool(self.holds or self.refused_senders)
