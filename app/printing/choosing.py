"""For whom an issue can be printed: members whose ledger row is written and whose mail is settled.

Who has no row was not in the audience on the day the issue was frozen, and gets no letter either: a
row stands before everything that is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from app.delivery.models import Cause, Delivery, DeliveryState, Settlement
from app.errors import InvalidInput, Refused
from app.issues.models import Issue
from app.networks.models import Member, Membership, Suppression

MOST = 100  # letters of one file: some 3 seconds and 300 MB
SETTLED = (
    *(DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.BOUNCED),
    DeliveryState.UNKNOWN,
)
LOST = (DeliveryState.FAILED, DeliveryState.BOUNCED)


@dataclass(frozen=True)
class Found:
    """A page of deliveries, of so many in all."""

    deliveries: Sequence[Delivery]
    total: int


def require_young(issue: Issue, lifetime: timedelta, now: datetime) -> None:
    """Refused once its links are too old: a letter's only lead to a page that says so."""
    if issue.frozen_at is None:
        raise Refused(_("This issue has not gone out yet, so there is nothing to print."))
    if issue.frozen_at < now - lifetime:
        raise Refused(_("This issue is too old: its links are dead, also those on paper."))


def unreached(session: Session, issue: Issue, page: int, now: datetime) -> Found:
    """Members whom no mail reaches now, or whom this one did not; who pauses wants none."""
    stopped = Settlement.cause.is_not_distinct_from(Cause.STOPPED)
    lost = or_(and_(Settlement.state.in_(LOST), ~stopped), _is_suppressed())
    pauses = and_(Membership.paused_until.is_not(None), Membership.paused_until > now)
    return _found(session, _printable(issue).where(lost, ~pauses), page)


def search(session: Session, issue: Issue, text: str, page: int) -> Found:
    """By a part of a name or an address."""
    named = or_(
        Member.name.icontains(text, autoescape=True), Member.email.icontains(text, autoescape=True)
    )
    return _found(session, _printable(issue).where(named), page)


def chosen(session: Session, issue: Issue, ids: Sequence[int]) -> Sequence[Delivery]:
    """In the order of their names. InvalidInput for none, and for more than fit a file."""
    if not ids:
        raise InvalidInput(_("Nothing was printed: choose at least one member."))
    if len(ids) > MOST:
        raise InvalidInput(_("Nothing was printed: at most %(most)s letters a file.", most=MOST))
    deliveries = session.scalars(_ordered(_printable(issue).where(Delivery.id.in_(ids)))).all()
    if len(deliveries) != len(set(ids)):
        raise InvalidInput(
            _("Nothing was printed: somebody among them left, or got no mail of this issue yet.")
        )
    return deliveries


def without_row(session: Session, issue: Issue) -> int:
    """How many members no mail reaches and who had no part in this issue."""
    row = exists().where(Delivery.issue_id == issue.id, Delivery.member_id == Membership.member_id)
    counted = (
        select(func.count())
        .select_from(Membership)
        .join(Member, Member.id == Membership.member_id)
        .where(Membership.network_id == issue.network_id, Membership.ended_at.is_(None))
        .where(_is_suppressed(), ~row)
    )
    return session.scalar(counted) or 0


def suppressed(session: Session, deliveries: Sequence[Delivery]) -> dict[int, str]:
    """Delivery id -> why no mail goes to its member's address."""
    keys = [one.member.email_key for one in deliveries]
    held = select(Suppression.email_key, Suppression.reason).where(
        Suppression.email_key.in_(keys), Suppression.lifted_at.is_(None)
    )
    reasons = dict(session.execute(held.order_by(Suppression.id)).all())
    return {
        one.id: reasons[one.member.email_key]
        for one in deliveries
        if one.member.email_key in reasons
    }


def _printable(issue: Issue) -> Select[Delivery]:
    return (
        select(Delivery)
        .join(Member, Member.id == Delivery.member_id)
        .join(Membership, Membership.id == Delivery.membership_id)
        .join(Settlement, Settlement.delivery_id == Delivery.id)
        .where(Delivery.issue_id == issue.id, Membership.ended_at.is_(None))
        .where(Settlement.state.in_(SETTLED))
        .options(contains_eager(Delivery.member), contains_eager(Delivery.settlement))
    )


def _found(session: Session, wanted: Select[Delivery], page: int) -> Found:
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    shown = _ordered(wanted).limit(MOST).offset((page - 1) * MOST)
    return Found(session.scalars(shown).all(), total)


def _ordered(wanted: Select[Delivery]) -> Select[Delivery]:
    return wanted.order_by(Member.name, Delivery.id)


def _is_suppressed() -> ColumnElement[bool]:
    return exists().where(
        and_(Suppression.email_key == Member.email_key, Suppression.lifted_at.is_(None))
    )
