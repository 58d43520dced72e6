"""Leaving one network, or all, by the link in a mail; coming back while the page is still open."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.delivery.models import Delivery, Edition
from app.networks import histories, joining, managing
from app.networks.histories import Happened
from app.networks.models import AddressEventKind, Member, Membership

REASON = "unsubscribed"
TAKEN_BACK = "taken back on the page for leaving"  # a source of consent
COME_BACK_WITHIN = timedelta(hours=24)
LONGEST_NOTE = 1000  # characters of why somebody left


def membership_of(session: Session, delivery_id: int) -> Membership | None:
    """The newest membership of the mail's member in the mail's network."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        return None
    first = session.get(Membership, delivery.membership_id)
    if first is None:
        return None
    return session.scalars(
        select(Membership)
        .where(Membership.member_id == first.member_id, Membership.network_id == first.network_id)
        .order_by(Membership.id.desc())
        .limit(1)
    ).one()


def language_of(session: Session, delivery_id: int) -> str:
    """In which the mail is written; empty when there is no such mail."""
    edition = select(Edition.language).join(Delivery, Delivery.edition_id == Edition.id)
    return session.scalar(edition.where(Delivery.id == delivery_id)) or ""


def leave(session: Session, membership: Membership, now: datetime, source: str = "page") -> bool:
    """At once, also for mail that waits in the ledger. False when they had left before."""
    if not managing.end(session, membership, REASON, now):
        return False
    happened = Happened(AddressEventKind.UNSUBSCRIBED, source, text=membership.network.code)
    histories.note(session, membership.member.email_key, happened, now)
    return True


def leave_all(
    session: Session, member: Member, now: datetime, source: str = "page"
) -> list[Membership]:
    """Every network at once; no mail goes to the address until its owner asks anew. Those left."""
    session.refresh(member, with_for_update=True)  # two taps at once are one
    left = [held for held in _current(session, member) if leave(session, held, now, source)]
    histories.suppress(session, member.email_key, REASON, source, now)
    return left


def say_why(membership: Membership, reason: str, text: str) -> None:
    """Keep why they left: a key of app.networks.reasons.REASONS, and their own words if any."""
    membership.leaving_note = f"{reason}\n{text.strip()[:LONGEST_NOTE]}".strip()


def may_come_back(membership: Membership, now: datetime) -> bool:
    """Within a day of leaving by a link; later the join page asks for a fresh confirmation."""
    left = membership.ended_at
    return left is not None and membership.end_reason == REASON and now - left < COME_BACK_WITHIN


def come_back(session: Session, membership: Membership, now: datetime) -> list[Membership]:
    """New memberships under the consent that was given, in every network that was left by the same
    tap. None of them when it is too late for that."""
    session.refresh(membership.member, with_for_update=True)  # in the order of leave_all
    session.refresh(membership)
    if not may_come_back(membership, now):
        return []
    kept = ("bounced", "complained", "staff")
    histories.lift(session, membership.member.email_key, "page", "", now, but=kept)
    together = _left_with(session, membership)
    return [joining.rejoin(session, one, one.consent_wording, TAKEN_BACK, now) for one in together]


def _current(session: Session, member: Member) -> Sequence[Membership]:
    current = select(Membership).where(
        Membership.member_id == member.id, Membership.ended_at.is_(None)
    )
    return session.scalars(current.order_by(Membership.id)).all()


def _left_with(session: Session, membership: Membership) -> Sequence[Membership]:
    """What one tap ended has one time of ending."""
    together = select(Membership).where(
        Membership.member_id == membership.member_id,
        Membership.ended_at == membership.ended_at,
        Membership.end_reason == REASON,
    )
    return session.scalars(together.order_by(Membership.id)).all()
