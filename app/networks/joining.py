"""Joining with double opt-in: a request, a mail, and a confirmation that the person posts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.networks import histories
from app.networks.models import Invitation, Member, Membership, Network
from app.networks.profiles import apply_profile

LIFETIME = timedelta(days=30)
AGAIN_AFTER = timedelta(hours=24)  # so that nobody's inbox is filled from our form


@dataclass(frozen=True)
class Address:
    """A checked address; `key` is its normalised form."""

    email: str
    key: str
    smtputf8: bool


def invite(
    session: Session,
    network: Network,
    address: Address,
    profile: Mapping[str, Any],
    source: str,
    now: datetime,
) -> Invitation | None:
    """Ask somebody to confirm. None when they are a member, were asked lately, or want no mail."""
    if current_membership(session, network, address.key) or histories.wants_none(
        session, address.key
    ):
        return None
    held = _open_invitation(session, network, address.key)
    if held and held.created_at > now - AGAIN_AFTER:
        return None
    invitation = held or Invitation(network_id=network.id, email_key=address.key, attempts=0)
    invitation.email = address.email
    invitation.profile = dict(profile) | {"smtputf8": address.smtputf8}
    invitation.source = source
    invitation.wording = consent_wording(network)
    invitation.created_at = now
    invitation.expires_at = now + LIFETIME
    invitation.next_try_at = now
    invitation.attempts = 0
    session.add(invitation)
    session.flush()  # its link needs its id
    return invitation


def confirm(session: Session, invitation: Invitation, now: datetime) -> Membership:
    """The person said yes. Saying it twice changes nothing."""
    session.refresh(invitation, with_for_update=True)
    network = invitation.network
    if held := current_membership(session, network, invitation.email_key):
        invitation.confirmed_at = invitation.confirmed_at or now
        return held
    member = _member_of(session, invitation, now)
    membership = Membership(
        member_id=member.id,
        network_id=network.id,
        sector=invitation.profile.get("sector") or network.sector,
        source=invitation.source,
        started_at=now,
        consent_wording=invitation.wording,
        consent_source="confirmation page",
        consent_at=now,
        notes=invitation.profile.get("notes") or "",
    )
    session.add(membership)
    # Who confirms from the mailbox itself wants mail again; what staff suppressed stays.
    histories.lift(session, member.email_key, "join page", "", now, but=("staff",))
    invitation.confirmed_at = now
    invitation.next_try_at = None
    return membership


def rejoin(
    session: Session, left: Membership, wording: str, consent_source: str, now: datetime
) -> Membership:
    """A member who left is one again, by a new row. The one they have, when they are already."""
    session.refresh(left.member, with_for_update=True)  # two taps at once are one membership
    if held := current_membership(session, left.network, left.member.email_key):
        return held
    again = Membership(
        member_id=left.member_id,
        network_id=left.network_id,
        sector=left.sector,
        source=left.source,
        started_at=now,
        consent_wording=wording,
        consent_source=consent_source,
        consent_at=now,
        notes=left.notes,
        paused_until=left.paused_until,
        least_days=left.least_days,
    )
    session.add(again)
    session.flush()  # the audit names it
    return again


def current_membership(session: Session, network: Network, email_key: str) -> Membership | None:
    return session.scalars(
        select(Membership)
        .join(Member)
        .where(
            Membership.network_id == network.id,
            Membership.ended_at.is_(None),
            Member.email_key == email_key,
        )
    ).first()


def consent_wording(network: Network) -> str:
    return str(_("I want to receive the newsletter of %(network)s.", network=network.name))


def _open_invitation(session: Session, network: Network, email_key: str) -> Invitation | None:
    return session.scalars(
        select(Invitation)
        .where(
            Invitation.network_id == network.id,
            Invitation.email_key == email_key,
            Invitation.confirmed_at.is_(None),
        )
        .with_for_update()
    ).first()


def _member_of(session: Session, invitation: Invitation, now: datetime) -> Member:
    """Who exists keeps their profile, where the invitation would only repeat or replace it."""
    member = session.scalars(select(Member).where(Member.email_key == invitation.email_key)).first()
    if member is None:
        member = Member(
            email=invitation.email,
            email_key=invitation.email_key,
            smtputf8=bool(invitation.profile.get("smtputf8")),
            created_at=now,
            updated_at=now,
        )
        session.add(member)
        apply_profile(member, invitation.profile, now)
        session.flush()  # the membership needs its id
    return member
