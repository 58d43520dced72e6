"""Changing a member's address: asked for on their page or by staff, confirmed at both ends."""

from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import gettext as _
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Refused
from app.links import Purpose
from app.networks import histories
from app.networks.joining import Address
from app.networks.models import Member, Network
from app.notices import posting
from app.notices.posting import Wanted
from app.preferences import choosing, mails
from app.preferences.models import AddressChange, Outcome
from app.services import Services

KIND = "address"
LIFETIME = timedelta(days=7)  # within which both ends confirm
MOST = 3  # changes that a member may ask for in a day
KEPT = timedelta(days=30)  # the addresses of what came to nothing


class End(StrEnum):
    NEW = Purpose.ADDRESS_NEW.value
    OLD = Purpose.ADDRESS_OLD.value


def ask(
    session: Session,
    services: Services,
    member: Member,
    network: Network,
    address: Address,
    now: datetime,
    source: str = choosing.SOURCE,
    stands_in: bool = False,
) -> AddressChange:
    """Mail both ends; staff may stand in for the old one. Refused for the same address, or too
    often.

    Whether the new address is somebody else's, the asker does not learn: only its own mailbox does.
    """
    session.refresh(member, with_for_update=True)
    if address.key == member.email_key:
        raise Refused(_("This is the address already."))
    if source == choosing.SOURCE and _count(session, member, now) >= MOST:
        raise Refused(_("You asked for this several times today. Try again tomorrow."))
    for held in _open(session, member):
        _end(held, Outcome.REPLACED, now)
    change = AddressChange(
        member_id=member.id,
        network_id=network.id,
        email=address.email,
        email_key=address.key,
        smtputf8=address.smtputf8,
        source=source,
        created_at=now,
        old_confirmed_at=now if stands_in else None,
    )
    session.add(change)
    session.flush()  # its links name it
    _mail_new(session, services, change, now)
    if change.old_confirmed_at is None:
        to, link = member.email, url(services, change, End.OLD)
        _post(session, services, to, mails.confirm_old(network, to, link, now), now)
    return change


def confirm(
    session: Session, services: Services, change: AddressChange, end: End, now: datetime
) -> None:
    """One end says yes; when both have, mail moves. Saying it twice changes nothing."""
    _lock(session, change)
    if not is_open(change, now):
        return
    if end is End.NEW:
        change.new_confirmed_at = change.new_confirmed_at or now
    else:
        change.old_confirmed_at = change.old_confirmed_at or now
    if change.new_confirmed_at and change.old_confirmed_at:
        _end(change, _move(session, services, change, now), now)


def withdraw(session: Session, change: AddressChange, now: datetime) -> bool:
    """Nothing moves. False when it was over already."""
    _lock(session, change)
    if not is_open(change, now):
        return False
    _end(change, Outcome.WITHDRAWN, now)
    return True


def is_open(change: AddressChange, now: datetime) -> bool:
    return change.ended_at is None and now < change.created_at + LIFETIME


def open_change(session: Session, member: Member, now: datetime) -> AddressChange | None:
    """The one that a member waits for."""
    return next((held for held in _open(session, member) if is_open(held, now)), None)


def url(services: Services, change: AddressChange, end: End) -> str:
    token = services.links.sign(Purpose(end.value), change.id)
    return f"{services.links.base_url}/address/{'new' if end is End.NEW else 'old'}/{token}"


def forget_old(session: Session, at: datetime) -> None:
    session.execute(delete(AddressChange).where(AddressChange.created_at < at - KEPT))


def _lock(session: Session, change: AddressChange) -> None:
    """The member first, as `ask` does: two at once wait for each other in one order."""
    session.refresh(change.member, with_for_update=True)
    session.refresh(change)


def _open(session: Session, member: Member) -> list[AddressChange]:
    held = select(AddressChange).where(
        AddressChange.member_id == member.id, AddressChange.ended_at.is_(None)
    )
    return list(session.scalars(held.order_by(AddressChange.id.desc())))


def _count(session: Session, member: Member, now: datetime) -> int:
    lately = select(func.count()).where(
        AddressChange.member_id == member.id, AddressChange.created_at > now - timedelta(days=1)
    )
    return session.scalar(lately) or 0


def _end(change: AddressChange, outcome: Outcome, now: datetime) -> None:
    change.outcome, change.ended_at = outcome.value, now


def _is_taken(session: Session, change: AddressChange) -> bool:
    taken = select(Member.id).where(Member.email_key == change.email_key)
    return session.scalar(taken) is not None


def _mail_new(session: Session, services: Services, change: AddressChange, now: datetime) -> None:
    """The new address; in other words where it is a member's, and not at all where it wants no
    mail."""
    refused, network = histories.wants_none(session, change.email_key), change.network
    if _is_taken(session, change):
        write = mails.known_already(network, change.email, now)
    else:
        write = mails.confirm_new(network, change.email, url(services, change, End.NEW), now)
    attempt = session.begin_nested()
    _post(session, services, change.email, write, now)
    session.flush()  # so that what is taken back was written, too
    attempt.rollback() if refused else attempt.commit()


def _move(session: Session, services: Services, change: AddressChange, now: datetime) -> Outcome:
    member = change.member
    old_email, old_key = member.email, member.email_key
    if _is_taken(session, change) or histories.wants_none(session, change.email_key):
        return Outcome.IMPOSSIBLE
    try:
        with session.begin_nested():
            member.email, member.email_key = change.email, change.email_key
            member.smtputf8, member.updated_at = change.smtputf8, now
    except IntegrityError:  # somebody joined with it at this moment
        return Outcome.IMPOSSIBLE
    histories.moved(session, old_key, change.email_key, change.source, now)
    # Who confirms from a mailbox wants mail there.
    histories.lift(session, change.email_key, change.source, "", now)
    if not histories.is_suppressed(session, old_key):
        _post(session, services, old_email, mails.changed(change.network, old_email, now), now)
    return Outcome.CHANGED


def _post(session: Session, services: Services, to: str, write: mails.Write, now: datetime) -> None:
    posting.post(session, services.vault, services.links, Wanted(KIND, to), write, now)
