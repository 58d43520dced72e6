"""Leaving a network by the link in a mail, and coming back while the page is still open."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.delivery.models import Delivery
from app.networks import managing
from app.networks.models import Membership

REASON = "unsubscribed"
COME_BACK_WITHIN = timedelta(hours=24)


def membership_of(session: Session, delivery_id: int) -> Membership | None:
    """The newest membership of the mail's member in the mail's network."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        return None
    first = session.get_one(Membership, delivery.membership_id)
    return session.scalars(
        select(Membership)
        .where(Membership.member_id == first.member_id, Membership.network_id == first.network_id)
        .order_by(Membership.id.desc())
        .limit(1)
    ).one()


def leave(session: Session, membership: Membership, now: datetime) -> bool:
    """At once, also for mail that waits in the ledger. False when they had left before."""
    return managing.end(session, membership, REASON, now)


def may_come_back(membership: Membership, now: datetime) -> bool:
    """Within a day of leaving by a link; later the join page asks for a fresh confirmation."""
    left = membership.ended_at
    return left is not None and membership.end_reason == REASON and now - left < COME_BACK_WITHIN


def come_back(session: Session, membership: Membership, now: datetime) -> Membership | None:
    """A new membership under the consent that was given. None when it is too late for that."""
    session.refresh(membership, with_for_update=True)
    if not may_come_back(membership, now):
        return None
    again = Membership(
        member_id=membership.member_id,
        network_id=membership.network_id,
        sector=membership.sector,
        source=membership.source,
        started_at=now,
        consent_wording=membership.consent_wording,
        consent_source=_("taken back on the page for leaving"),
        consent_at=now,
    )
    session.add(again)
    session.flush()  # the audit names it
    return again
