"""The numbers that a watcher of deliveries asks for. Counts and times only: nobody's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class RelayFigure:
    name: str  # host:port
    held_until: datetime | None  # it gets no mail before
    why: str


@dataclass(frozen=True)
class DomainFigure:
    """A recipients' domain that asked for patience."""

    domain: str
    held_until: datetime | None


@dataclass(frozen=True)
class WorkerFigure:
    name: str  # host:pid
    seen_at: datetime
    in_flight: int  # messages of which the relay has not answered yet
    paused: bool


@dataclass(frozen=True)
class Figures:
    queued: int
    claimed: int
    retrying: int
    oldest_queued_seconds: float
    sent_last_minute: int
    answers: Mapping[str, int]  # outcome -> how many, ever
    relays: Sequence[RelayFigure]
    domains: Sequence[DomainFigure]
    takeovers: int  # leases of workers that were gone, ever
    workers: Sequence[WorkerFigure]


def gather(session: Session, now: datetime) -> Figures:
    """The figures of this moment."""
    # Late, since what delivery counts is written in these very shapes.
    from app.delivery.status import figures

    return figures(session, now)
