"""Approval by a second person, bound to what members will see: any edit voids it."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Refused
from app.issues import versions
from app.issues.composing import content_of
from app.issues.editing import require_draft
from app.issues.models import Approval, Issue
from app.staff.models import Staff

MISSING = (_l("Approval"), _l("A second person has to approve the issue as it is now."))


@dataclass(frozen=True)
class Standing:
    """`needed` by the network; `last` approval, if any; whether it `holds` for what is there."""

    needed: bool
    last: Approval | None
    holds: bool

    @property
    def stops(self) -> bool:
        return self.needed and not self.holds


def standing(session: Session, issue: Issue) -> Standing:
    newest = select(Approval).where(Approval.issue_id == issue.id).order_by(Approval.id.desc())
    last = session.scalars(newest.limit(1)).first()
    holds = last is not None and last.fingerprint == fingerprint(issue)
    return Standing(issue.network.approval_needed, last, holds)


def approve(session: Session, issue: Issue, seen: str, staff: Staff, now: datetime) -> Approval:
    """`seen`: the fingerprint of what was looked at. Refused when that is not what is there any
    more, or by who wrote in it last."""
    session.refresh(issue, with_for_update=True)
    require_draft(issue)
    if issue.changed_by == staff.id:
        raise Refused(_("You wrote in this issue last. A second person has to approve it."))
    if seen != fingerprint(issue):
        raise Refused(_("The issue was changed while you looked at it. Look at it once more."))
    version = versions.keep(session, issue, issue.changed_by, now)
    version.is_kept = True
    approval = Approval(
        issue_id=issue.id,
        version_id=version.id,
        staff_id=staff.id,
        at=now,
        fingerprint=seen,
    )
    session.add(approval)
    return approval


def fingerprint(issue: Issue) -> str:
    """SHA-256 of all that any member sees, and of who is asked what."""
    audiences = [
        (ask.sectors, ask.specialties, ask.countries, ask.languages)
        for ask in (offer.ask for offer in issue.offers)
    ]
    seen = {"content": asdict(content_of(issue, issue.offers)), "audiences": audiences}
    return sha256(json.dumps(seen, sort_keys=True, default=_day).encode()).hexdigest()


def _day(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in an issue")
