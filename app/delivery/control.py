"""What staff do to an issue that goes out: pause, resume, stop the rest, try again, set its pace.

Each is a fact in the database that workers read within a second.
"""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, delete, exists, insert, literal, null, select, update
from sqlalchemy.orm import Session

from app.cases.models import Case, CaseStatus
from app.db import changed
from app.delivery.leasing import rank_of
from app.delivery.models import Attempt, Cause, Chunk, Delivery, DeliveryState, Pace, Settlement
from app.delivery.pacing import issue_key
from app.delivery.settling import finish_issues
from app.errors import InvalidInput, Refused
from app.issues.models import Block, Issue, WhenUncertain

# What trying again can mend. Who left stays left.
MENDABLE = (Cause.REFUSED, Cause.GAVE_UP, Cause.UNSENDABLE, Cause.STOPPED)
FASTEST = 100_000  # messages a minute that a rate may be set to


def pause(issue: Issue, why: str, now: datetime) -> bool:
    """Nothing more goes out until it is resumed. False when it was paused before."""
    _require_running(issue)
    if issue.paused_at is not None:
        return False
    issue.paused_at, issue.paused_why = now, why
    return True


def resume(issue: Issue) -> bool:
    if issue.paused_at is None:
        return False
    issue.paused_at = issue.paused_why = None
    return True


def pause_all(session: Session, why: str, now: datetime) -> int:
    """Every issue that is on its way or scheduled; how many. After a restore, for example: an
    older copy of the ledger does not know what went out since."""
    running = Issue.scheduled_for.is_not(None) & Issue.finished_at.is_(None)
    values = {"paused_at": now, "paused_why": why}
    return changed(
        session, update(Issue).where(running, Issue.paused_at.is_(None)).values(**values)
    )


def stop(session: Session, issue: Issue, now: datetime) -> None:
    """Nobody more gets this issue; each row that is not sent says so. Cannot be undone as a
    whole, but `try_again` sends to those who were left out."""
    _require_running(issue)
    if issue.frozen_at is None:
        raise Refused(_("Nothing of this issue has gone out yet. Take it back to draft instead."))
    issue.cancelled_at = now
    session.flush()  # what follows reads it
    stop_the_rest(session, now)


def stop_the_rest(session: Session, now: datetime) -> int:
    """Fail what waits of stopped issues and no worker holds; how many deliveries."""
    stopped = select(Issue.id).where(Issue.cancelled_at.is_not(None), Issue.finished_at.is_(None))
    ids = session.scalars(stopped).all()
    count = sum(_stop_chunks(session, issue_id, now) for issue_id in ids)
    if ids:
        waits = Settlement.issue_id.in_(ids) & (Settlement.state == DeliveryState.RETRY)
        count += changed(session, update(Settlement).where(waits).values(**_stopped(now)))
        finish_issues(session, now)
    return count


def has_stops(session: Session) -> bool:
    """Whether there is work for `stop_the_rest` or `pause_for_stopped_cases`."""
    cancelled = exists().where(_on_its_way(), Issue.cancelled_at.is_not(None))
    return bool(session.scalar(select(cancelled | exists(_with_stopped_cases()))))


def pause_for_stopped_cases(session: Session, now: datetime) -> int:
    """Issues on their way that carry a case which was stopped: nobody must be asked any more. How
    many were paused; staff decide what becomes of the rest."""
    ids = session.scalars(_with_stopped_cases()).all()
    why = _("A case in it was stopped: nobody must act for it any more.")
    values = {"paused_at": now, "paused_why": why}
    return changed(session, update(Issue).where(Issue.id.in_(ids)).values(**values)) if ids else 0


def try_again(session: Session, issue: Issue, now: datetime, causes: Sequence[str] = ()) -> int:
    """Send once more to those who failed; how many. `causes`: some of MENDABLE, or all."""
    wanted = [cause for cause in MENDABLE if not causes or cause in causes]
    failed = _of(issue) & (Settlement.state == DeliveryState.FAILED) & Settlement.cause.in_(wanted)
    return _requeue(session, issue, failed, now)


def resend_unknown(session: Session, issue: Issue, now: datetime) -> int:
    """Send once more to those of whom nobody knows, with the same Message-ID; how many."""
    return _requeue(session, issue, _of(issue) & _is_unknown(), now, attempts=Settlement.attempts)


def count_unknown_as_sent(session: Session, issue: Issue, now: datetime) -> int:
    """Staff found out that they were sent, for example in the relay's log; how many."""
    values = {"state": DeliveryState.SENT, "settled_at": now}
    return changed(session, update(Settlement).where(_of(issue) & _is_unknown()).values(**values))


def set_pace(
    session: Session,
    issue: Issue,
    *,
    per_minute: int | None,
    urgent: bool,
    when_uncertain: str,
) -> None:
    """How fast it goes, whether it overtakes, and what becomes of uncertain mail; also while it
    goes out."""
    if per_minute is not None and not 1 <= per_minute <= FASTEST:
        text = _("Between 1 and %(most)s a minute, or empty for no limit.", most=FASTEST)
        raise InvalidInput(_("The pace was not changed."), [(_("Pace"), text)])
    issue.rate_per_minute = per_minute
    issue.urgent = urgent
    issue.when_uncertain = WhenUncertain(when_uncertain).value
    paced = _of(issue) & (Settlement.state == DeliveryState.RETRY) & _is_paced()
    anew = {"cause": Cause.PUT_OFF, "next_try_at": Settlement.settled_at}  # due, and past
    changed(session, update(Settlement).where(paced).values(**anew))
    waiting = update(Chunk).where(Chunk.issue_id == issue.id, Chunk.done_at.is_(None))
    changed(session, waiting.values(rank=rank_of(urgent=urgent)))
    # Places at the old rate; last, as workers lock it last.
    session.execute(delete(Pace).where(Pace.key == issue_key(issue.id)))


def _on_its_way() -> ColumnElement[bool]:
    return Issue.frozen_at.is_not(None) & Issue.finished_at.is_(None)


def _with_stopped_cases() -> Select[int]:
    stopped = exists().where(
        Block.issue_id == Issue.id,
        Block.case_id == Case.id,
        Block.removed_at.is_(None),
        Case.status == CaseStatus.STOPPED,
    )
    unheeded = Issue.paused_at.is_(None) & Issue.cancelled_at.is_(None)
    return select(Issue.id).where(_on_its_way(), unheeded, stopped)


def _require_running(issue: Issue) -> None:
    if issue.scheduled_for is None:
        raise Refused(_("This issue is a draft: nothing of it goes out."))
    if issue.finished_at is not None:
        raise Refused(_("This issue has gone out already."))


def _of(issue: Issue) -> ColumnElement[bool]:
    return Settlement.issue_id == issue.id


def _is_paced() -> ColumnElement[bool]:
    return Settlement.cause == Cause.PACED


def _is_unknown() -> ColumnElement[bool]:
    return Settlement.state == DeliveryState.UNKNOWN


def _requeue(
    session: Session, issue: Issue, wanted: ColumnElement[bool], now: datetime, attempts: object = 0
) -> int:
    """The tries so far stay on record."""
    session.refresh(issue, with_for_update=True)  # nobody may find it finished meanwhile
    if issue.cancelled_at is not None and issue.finished_at is None:
        raise Refused(_("The rest is being stopped just now. Try again in a moment."))
    tried = select(
        Settlement.delivery_id,
        Settlement.attempts,
        Settlement.settled_at,
        Settlement.relay,
        literal("give_up"),
        Settlement.code,
        Settlement.answer,
    ).where(
        wanted,
        Settlement.relay.is_not(None),
        Settlement.cause.in_((Cause.REFUSED, Cause.GAVE_UP, Cause.UNSENDABLE)),
    )
    columns = ["delivery_id", "number", "ended_at", "relay", "outcome", "code", "answer"]
    session.execute(insert(Attempt).from_select(columns, tried))
    values = {
        "state": DeliveryState.RETRY,
        "cause": Cause.PUT_OFF,
        "next_try_at": now,
        "attempts": attempts,
        "answer": null(),
    }
    count = changed(session, update(Settlement).where(wanted).values(**values))
    if count:
        issue.finished_at = issue.cancelled_at = None
    return count


def _stop_chunks(session: Session, issue_id: int, now: datetime) -> int:
    free = (Chunk.issue_id == issue_id) & Chunk.done_at.is_(None) & Chunk.claimed_by.is_(None)
    locked = session.scalars(select(Chunk.id).where(free).with_for_update(skip_locked=True)).all()
    if not locked:
        return 0
    values = _stopped(now)
    rest = (
        select(Delivery.id, Delivery.issue_id, *(literal(value) for value in values.values()))
        .add_columns(literal(0), literal(0))
        .join(Chunk, Delivery.id.between(Chunk.first_id, Chunk.last_id))
        .where(Chunk.id.in_(locked), Delivery.edition_id == Chunk.edition_id)
        .where(~exists().where(Settlement.delivery_id == Delivery.id))
    )
    columns = ["delivery_id", "issue_id", *values, "attempts", "uncertain"]
    count = changed(session, insert(Settlement).from_select(columns, rest))
    done = update(Chunk).where(Chunk.id.in_(locked))
    changed(session, done.values(done_at=now))
    return count


def _stopped(now: datetime) -> dict[str, object]:
    return {
        "state": DeliveryState.FAILED.value,
        "cause": Cause.STOPPED.value,
        "settled_at": now,
        "next_try_at": None,
    }
