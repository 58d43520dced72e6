"""What staff do to an issue on its way, by page or by command, each with its audit entry.

The issue's row is locked first: a worker may be about to mark it as finished.
"""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.delivery import control, tallies
from app.delivery.models import WAITING
from app.errors import InvalidInput
from app.issues.composing import stops
from app.issues.models import Issue
from app.staff import audit
from app.staff.models import Staff


def pause(session: Session, issue: Issue, why: str, staff: Staff | None, now: datetime) -> bool:
    """False when it was paused before. The reason is not in the audit entry: it is free text."""
    _lock(session, issue)
    done = control.pause(issue, why, now)
    if done:
        audit.record(session, "issue.paused", issue, staff)
    return done


def resume(session: Session, issue: Issue, staff: Staff | None, now: datetime) -> bool:
    """False when it was not paused. InvalidInput when it may no longer be mailed."""
    _lock(session, issue)
    _require_sound(issue, now)
    done = control.resume(issue)
    if done:
        audit.record(session, "issue.resumed", issue, staff)
    return done


def stop(session: Session, issue: Issue, staff: Staff | None, now: datetime) -> int:
    """How many members it had not reached. What a worker has in flight may still arrive. Refused
    for an issue of which nothing has gone out."""
    _lock(session, issue)
    counts = tallies.counts(session, issue.id)
    waiting = sum(counts[state] for state in WAITING)
    control.stop(session, issue, now)
    audit.record(session, "issue.stopped", issue, staff, members=waiting)
    return waiting


def try_again(
    session: Session,
    issue: Issue,
    staff: Staff | None,
    now: datetime,
    causes: Sequence[str] = (),
) -> int:
    """Send to those who failed, or to those of `causes`; how many members."""
    _lock(session, issue)
    _require_sound(issue, now)
    count = control.try_again(session, issue, now, causes)
    if count:
        audit.record(session, "issue.tried_again", issue, staff, members=count, causes=list(causes))
    return count


def resend_unknown(session: Session, issue: Issue, staff: Staff | None, now: datetime) -> int:
    """Send once more to those of whom nobody knows; how many members."""
    _lock(session, issue)
    _require_sound(issue, now)
    count = control.resend_unknown(session, issue, now)
    if count:
        audit.record(session, "issue.unknown_resent", issue, staff, members=count)
    return count


def count_unknown_as_sent(
    session: Session, issue: Issue, staff: Staff | None, now: datetime
) -> int:
    _lock(session, issue)
    count = control.count_unknown_as_sent(session, issue, now)
    if count:
        audit.record(session, "issue.unknown_counted_as_sent", issue, staff, members=count)
    return count


def set_pace(
    session: Session,
    issue: Issue,
    staff: Staff | None,
    *,
    per_minute: int | None,
    urgent: bool,
    when_uncertain: str,
) -> None:
    """Of a draft, a scheduled issue, or one that goes out."""
    pace = {"per_minute": per_minute, "urgent": urgent, "when_uncertain": str(when_uncertain)}
    before = {
        "per_minute": issue.rate_per_minute,
        "urgent": issue.urgent,
        "when_uncertain": issue.when_uncertain,
    }
    if pace == before:
        return
    _lock(session, issue)
    control.set_pace(
        session, issue, per_minute=per_minute, urgent=urgent, when_uncertain=when_uncertain
    )
    audit.record(session, "issue.paced", issue, staff, **pace)


def _lock(session: Session, issue: Issue) -> None:
    session.refresh(issue, with_for_update=True)


def _require_sound(issue: Issue, now: datetime) -> None:
    """A case that was stopped, an ask that was withdrawn: nobody more is asked to act on it."""
    if problems := stops(issue, now):
        text = _("Nothing more of this issue goes out. Mend this first, or stop the rest:")
        raise InvalidInput(text, problems)
