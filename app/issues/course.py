"""How an issue goes out, as staff look at it: figures, pace, the end in sight, who did not get it.

Cheap enough to be asked every second: only chunks and what is not plainly sent are counted.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.delivery import tallies
from app.delivery.control import MENDABLE
from app.delivery.models import WAITING, Cause, DeliveryState, Settlement
from app.delivery.overview import Life, life
from app.delivery.status import running
from app.issues.models import Issue, IssueState
from app.staff.models import AuditEntry, Staff

MINUTE = timedelta(minutes=1)
MANY = 100  # different words of mail servers that are looked at
SHOWN = 3  # of them, for each cause
LOST = (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.BOUNCED)
CAUSES = (
    *(DeliveryState.UNKNOWN, Cause.STOPPED, Cause.REFUSED, Cause.GAVE_UP, Cause.UNSENDABLE),
    *(DeliveryState.BOUNCED, Cause.LEFT),
)


@dataclass(frozen=True)
class Missed:
    """Members whom one issue did not reach for one cause: of Cause, or "bounced", or "unknown"."""

    cause: str
    count: int
    words: Sequence[tuple[str, int]]  # of mail servers, and how often each was said

    @property
    def can_be_tried(self) -> bool:
        return self.cause in MENDABLE


@dataclass(frozen=True)
class Halt:
    """A pause. `by` is None where no staff is on record: a worker, or the command line."""

    since: datetime
    why: str
    by: Staff | None
    sender_refused: bool


@dataclass(frozen=True)
class Course:
    counts: Mapping[str, int]  # deliveries by state, every state named
    troubles: Sequence[tuple[str, int]]  # what mail servers said
    doubted: int  # members who may have got it twice
    life: Life  # of the workers, and the pace of all issues together
    ends_at: datetime | None  # when all of it will have been tried once, at this pace

    @property
    def waiting(self) -> int:
        return sum(self.counts[state] for state in WAITING)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def course(session: Session, issue: Issue, now: datetime) -> Course:
    counts, living = tallies.counts(session, issue.id), life(session, now)
    return Course(
        counts=counts,
        troubles=tallies.troubles(session, issue.id),
        doubted=tallies.uncertain(session, issue.id),
        life=living,
        ends_at=_end(session, issue, counts, living.per_minute, now),
    )


def phase(issue: Issue) -> str:
    """Its state in the word that staff see: besides those of IssueState, "stopping" and "stopped".
    A scheduled issue can be paused too: its time then passes without it."""
    if issue.cancelled_at is not None and issue.frozen_at is not None:
        return "stopped" if issue.finished_at else "stopping"
    halted = issue.paused_at is not None and issue.scheduled_for is not None
    return IssueState.PAUSED if halted and issue.finished_at is None else issue.state


def as_json(issue: Issue, seen: Course) -> dict[str, Any]:
    """For `docket issues status --json`. Times are ISO 8601, UTC, or None."""
    return {
        "id": issue.id,
        "state": phase(issue),
        "paused_at": _iso(issue.paused_at),
        "paused_why": issue.paused_why,
        "started_at": _iso(issue.frozen_at),
        "finished_at": _iso(issue.finished_at),
        "ends_at": _iso(seen.ends_at),
        "per_minute": issue.rate_per_minute,
        "urgent": issue.urgent,
        "when_uncertain": issue.when_uncertain,
        "sent_last_minute": seen.life.per_minute,
        "perhaps_twice": seen.doubted,
        "deliveries": dict(seen.counts),
    }


def missed(session: Session, issue: Issue) -> list[Missed]:
    """Whom it did not reach, by cause; what staff can decide on comes first."""
    counts = {
        _cause(state, cause): count
        for state, cause, count in session.execute(
            select(Settlement.state, Settlement.cause, func.count())
            .where(_lost(issue))
            .group_by(Settlement.state, Settlement.cause)
        )
    }
    words = _words(session, issue) if counts else {}
    order = sorted(counts, key=lambda cause: CAUSES.index(cause) if cause in CAUSES else 99)
    return [Missed(cause, counts[cause], words.get(cause, ())[:SHOWN]) for cause in order]


def halt(session: Session, issue: Issue) -> Halt | None:
    """Since when and why it is paused, and by whom."""
    if issue.paused_at is None:
        return None
    entry = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject_type == Issue.__tablename__,
            AuditEntry.subject_id == issue.id,
            AuditEntry.action == "issue.paused",
            AuditEntry.at >= issue.paused_at,
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    why = issue.paused_why or ""
    # A worker gives the relay's answer to MAIL as the reason, which begins with its code.
    refused = entry is None and re.match(r"5\d\d ", why) is not None
    return Halt(issue.paused_at, why, entry.staff if entry else None, refused)


def _end(
    session: Session, issue: Issue, counts: Mapping[str, int], speed: int, now: datetime
) -> datetime | None:
    """None while that cannot be told: nothing moves, or a minute's worth has not been seen."""
    own = _not_begun(counts)
    young = issue.frozen_at is None or now - issue.frozen_at < MINUTE
    if phase(issue) != IssueState.SENDING or young or not speed or not own:
        return None
    minutes = (own + _ahead(session, issue)) / speed
    if issue.rate_per_minute:
        minutes = max(minutes, own / issue.rate_per_minute)
    return now + MINUTE * minutes


def _ahead(session: Session, issue: Issue) -> int:
    """What goes out before it: urgent issues first, then in the order of their beginnings."""
    ahead = 0
    for other in running(session):
        if other.id == issue.id:
            break
        if phase(other) == IssueState.SENDING:
            ahead += _not_begun(tallies.counts(session, other.id))
    return ahead


def _not_begun(counts: Mapping[str, int]) -> int:
    return counts[DeliveryState.QUEUED] + counts[DeliveryState.CLAIMED]


def _lost(issue: Issue) -> ColumnElement[bool]:
    """The second condition says nothing new, but lets SQLite use the index of the few."""
    of_issue = (Settlement.issue_id == issue.id) & (Settlement.state != DeliveryState.SENT)
    return of_issue & Settlement.state.in_(LOST)


def _words(session: Session, issue: Issue) -> dict[str, list[tuple[str, int]]]:
    rows = session.execute(
        select(Settlement.state, Settlement.cause, Settlement.answer, func.count())
        .where(_lost(issue), Settlement.answer.is_not(None), Settlement.answer != "")
        .group_by(Settlement.state, Settlement.cause, Settlement.answer)
        .order_by(func.count().desc(), Settlement.answer)
        .limit(MANY)
    )
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for state, cause, answer, count in rows:
        found[_cause(state, cause)].append((answer or "", count))
    return found


def _cause(state: str, cause: str | None) -> str:
    return str(cause) if state == DeliveryState.FAILED and cause else str(state)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
