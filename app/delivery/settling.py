"""What an answer makes of a delivery, written down: in bulk where the relay just took it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Insert, Select, exists, insert, select, update
from sqlalchemy.orm import Session

from app.db import changed, insert_ignoring
from app.delivery import refusals
from app.delivery.leasing import HORIZON
from app.delivery.models import (
    WAITING,
    Attempt,
    Cause,
    Chunk,
    Delivery,
    DeliveryState,
    Settlement,
)
from app.issues.models import Issue, WhenUncertain
from app.mail.answers import Answer, Outcome, next_try

RESEND_AFTER = timedelta(minutes=1)  # a relay that lost its answer may need a moment
MOST_RESENDS = 1  # a relay that never answers must not fill somebody's mailbox


class Settled(NamedTuple):
    """An answer to one delivery. `not_before` moves the next try, when its domain is held back."""

    delivery_id: int
    issue_id: int
    answer: Answer
    fresh: bool
    attempts: int = 0  # before this one
    uncertain: int = 0
    hold: bool = False  # what is uncertain waits for staff
    not_before: datetime | None = None


@dataclass(frozen=True)
class Fate:
    """What a delivery becomes."""

    state: DeliveryState
    cause: Cause | None = None
    next_try_at: datetime | None = None
    uncertain: int = 0


def fate(settled: Settled, now: datetime) -> Fate:
    """THE place that says what follows from an answer."""
    tries, before = settled.attempts + 1, settled.uncertain
    match settled.answer.outcome:
        case Outcome.SENT:
            return Fate(DeliveryState.SENT, uncertain=before)
        case Outcome.UNKNOWN:
            return _uncertain(settled, now)
        case Outcome.GIVE_UP:
            cause = Cause.REFUSED if settled.answer.code else Cause.UNSENDABLE
            return Fate(DeliveryState.FAILED, cause, uncertain=before)
        case Outcome.RELAY_TROUBLE:  # says nothing of this member: never a reason to give up
            again = settled.not_before or now + RESEND_AFTER
            return Fate(DeliveryState.RETRY, Cause.PUT_OFF, again, before)
        case Outcome.RETRY:
            due = next_try(tries - before, now)
            if due is None:
                return Fate(DeliveryState.FAILED, Cause.GAVE_UP, uncertain=before)
            again = max(due, settled.not_before or due)
            return Fate(DeliveryState.RETRY, Cause.PUT_OFF, again, before)


def _uncertain(settled: Settled, now: datetime) -> Fate:
    times = settled.uncertain + 1
    if settled.hold or times > MOST_RESENDS:
        return Fate(DeliveryState.UNKNOWN, uncertain=times)
    again = settled.not_before or now + RESEND_AFTER
    return Fate(DeliveryState.RETRY, Cause.UNCERTAIN, again, times)


def settle(session: Session, worker: str, answers: Sequence[Settled], now: datetime) -> None:
    """Write the answers down. The caller has seen to it that the worker still holds its lease."""
    plain: dict[tuple[int, str], list[Settled]] = defaultdict(list)
    for one in answers:
        if one.fresh and one.answer.outcome is Outcome.SENT:
            plain[one.issue_id, one.answer.relay].append(one)
        else:
            _settle_one(session, worker, one, now)
    for (issue_id, relay), sent in plain.items():
        _insert_sent(session, issue_id, relay, sent, now)


Place = tuple[int, int, bool]  # delivery, issue, whether it has no settlement yet


def fail(session: Session, worker: str, place: Place, cause: Cause, now: datetime) -> None:
    """No mail for this delivery, and why."""
    values = {"state": DeliveryState.FAILED, "cause": cause, "settled_at": now}
    _write(session, worker, place, values | {"next_try_at": None})


def park(
    session: Session,
    worker: str,
    place: Place,
    until: datetime,
    now: datetime,
    *,
    has_slot: bool = True,
) -> None:
    """Put this delivery off. `has_slot`: a place with its domain or issue is reserved for it then;
    one that is too far off to be reserved is asked for again."""
    values = {
        "state": DeliveryState.RETRY,
        "cause": Cause.PACED if has_slot and until <= now + HORIZON else Cause.PUT_OFF,
        "next_try_at": min(until, now + HORIZON),
        "settled_at": now,
    }
    _write(session, worker, place, values)


def finish_issues(session: Session, now: datetime) -> int:
    """Mark issues of which no delivery waits any more; how many."""
    # One that staff hold just now is not waited for: the next to look finishes it.
    ids = session.scalars(_over().with_for_update(of=Issue, skip_locked=True)).all()
    if not ids:
        return 0
    # Asked again under the lock: staff may have sent to some once more at the same moment.
    still = update(Issue).where(Issue.id.in_(ids), Issue.id.in_(_over()))
    return changed(session, still.values(finished_at=now))


def _over() -> Select[int]:
    """Issues on their way of which nothing waits."""
    open_chunk = exists().where(Chunk.issue_id == Issue.id, Chunk.done_at.is_(None))
    waiting = exists().where(Settlement.issue_id == Issue.id, Settlement.state.in_(WAITING))
    running = Issue.frozen_at.is_not(None) & Issue.finished_at.is_(None)
    return select(Issue.id).where(running, ~open_chunk, ~waiting)


def is_any_over(session: Session) -> bool:
    """Whether there is an issue for `finish_issues`."""
    return session.scalar(_over().limit(1)) is not None


def holds_uncertain(session: Session, issue_id: int) -> bool:
    """Whether staff want to decide themselves what becomes of uncertain mail."""
    wanted = session.scalar(select(Issue.when_uncertain).where(Issue.id == issue_id))
    return wanted == WhenUncertain.HOLD


def issues_of(session: Session, delivery_ids: Iterable[int]) -> dict[int, int]:
    """Delivery -> issue."""
    rows = session.execute(
        select(Delivery.id, Delivery.issue_id).where(Delivery.id.in_(list(delivery_ids)))
    )
    return {row[0]: row[1] for row in rows}


def _settle_one(session: Session, worker: str, one: Settled, now: datetime) -> None:
    after, answer = fate(one, now), one.answer
    values = {
        "state": after.state,
        "cause": after.cause,
        "attempts": one.attempts + 1,
        "uncertain": after.uncertain,
        "next_try_at": after.next_try_at,
        "settled_at": now,
        "relay": answer.relay,
        "code": answer.code,
        "answer": answer.text,
    }
    written = _write(session, worker, (one.delivery_id, one.issue_id, one.fresh), values)
    if written and after.state in (DeliveryState.RETRY, DeliveryState.UNKNOWN):
        session.execute(_attempt(one, now))
    elif written and after.cause is Cause.REFUSED:
        refusals.note(session, one.delivery_id, answer, now)


def _attempt(one: Settled, now: datetime) -> Insert:
    return insert(Attempt).values(
        delivery_id=one.delivery_id,
        number=one.attempts + 1,
        ended_at=now,
        relay=one.answer.relay,
        outcome=one.answer.outcome,
        code=one.answer.code,
        answer=one.answer.text,
    )


def _write(session: Session, worker: str, place: Place, values: dict[str, Any]) -> bool:
    """False when somebody settled it meanwhile: then theirs stands."""
    delivery_id, issue_id, fresh = place
    if fresh:
        new = {"delivery_id": delivery_id, "issue_id": issue_id, "attempts": 0, "uncertain": 0}
        return changed(session, insert_ignoring(session, Settlement).values(**new | values)) == 1
    held = update(Settlement).where(
        Settlement.delivery_id == delivery_id, Settlement.claimed_by == worker
    )
    return changed(session, held.values(**values, claimed_by=None)) == 1


_COLUMNS = "delivery_id, issue_id, state, attempts, uncertain, settled_at, relay, code, answer"
# The ORM and its value processing would cost more than the mail: these two are the hot path.
_SQLITE = f"""
INSERT OR IGNORE INTO settlement ({_COLUMNS}) VALUES (?, ?, 'sent', 1, 0, ?, ?, ?, ?)
"""  # noqa: S608 - nothing but the constant above
_POSTGRESQL = f"""
INSERT INTO settlement ({_COLUMNS})
SELECT given.id, %s, 'sent', 1, 0, %s, %s, given.code, given.answer
FROM unnest(%s::text::bigint[], %s::text::integer[], %s::text[]) AS given (id, code, answer)
ON CONFLICT (delivery_id) DO NOTHING
"""  # noqa: S608 - nothing but the constant above


def _insert_sent(
    session: Session, issue_id: int, relay: str, sent: Sequence[Settled], now: datetime
) -> None:
    connection = session.connection()
    ids = [one.delivery_id for one in sent]
    codes = [one.answer.code for one in sent]
    words = [one.answer.text for one in sent]
    if connection.dialect.name == "postgresql":
        values = (issue_id, now, relay, _array(ids), _array(codes), words)
        connection.exec_driver_sql(_POSTGRESQL, values)
        return
    at = now.strftime("%Y-%m-%d %H:%M:%S.%f")  # as UTCDateTime keeps it
    rows = [
        (one, issue_id, at, relay, code, text)
        for one, code, text in zip(ids, codes, words, strict=True)
    ]
    connection.exec_driver_sql(_SQLITE, rows)


def _array(numbers: Iterable[int | None]) -> str:
    """As PostgreSQL writes one; the driver would take each number by itself."""
    return "{" + ",".join("NULL" if n is None else str(n) for n in numbers) + "}"
