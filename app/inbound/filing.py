"""Mail that was stored is thought about: sorted, and put where it belongs.

One transaction for each, which does all of it or nothing: a crash in the middle, and it is done
again. A mail that keeps failing is quarantined; the others do not wait for it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.orm import Session

from app.cases.models import Addressee
from app.clock import now
from app.conversations import finding, taking
from app.db import Database, changed
from app.delivery.models import Delivery
from app.inbound import events, leaving, pieces
from app.inbound.models import InboundMail, MailState
from app.inbound.sorting import verdict
from app.inbound.sorting.shapes import Kind, Ours, Sorted
from app.inbound.sorting.shapes import Purpose as Letter
from app.inbound.sorting.strangeness import why_strange
from app.letters import keeping
from app.letters.models import LetterKind
from app.links import LETTERS, Links
from app.networks import histories
from app.networks.histories import Happened
from app.networks.models import AddressEventKind
from app.services import Services
from app.staff import audit
from app.vault import Unreadable, Vault

log = logging.getLogger(__name__)
BATCH = 50
MOST_TRIES = 3
AGAIN_AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class Desk:
    """What filing works with."""

    session: Session
    vault: Vault
    links: Links
    letter_days: int
    now: datetime


def is_waiting(session: Session, at: datetime) -> bool:
    return session.scalar(_due(at).limit(1)) is not None


def file_due(services: Services) -> int:
    """Sort what waits; how many were looked at."""
    with services.database.writing() as session:
        ids = _claim(session, now())
    for mail_id in ids:
        try:
            with services.database.writing() as session:
                file(_desk(services, session), mail_id)
        except Exception as error:
            log.exception("mail could not be sorted", extra={"mail": mail_id})
            _put_off(services.database, mail_id, f"{type(error).__name__}")
    return len(ids)


def file(desk: Desk, mail_id: int) -> None:
    """One mail. Nothing when it was filed meanwhile."""
    mail = desk.session.get(InboundMail, mail_id, with_for_update=True)
    if mail is None or mail.state != MailState.RECEIVED or mail.raw is None:
        return
    try:
        raw = pieces.whole(desk.vault, mail)
    except Unreadable as error:
        _quarantine(mail, str(error))
        return
    if why := why_strange(raw):
        _quarantine(mail, why)
        return
    found = _sorted(desk, mail, raw)
    mail.kind, mail.why = found.kind.value, found.why[:200]
    _act(desk, mail, found, raw)
    mail.state = MailState.SORTED.value


def forget_old(session: Session, mail_days: int, at: datetime) -> int:
    """The words of old mail; that it came stays. Letters have copies of their own."""
    old = InboundMail.received_at < at - timedelta(days=mail_days)
    gone = changed(
        session,
        update(InboundMail)
        .where(old, InboundMail.raw.is_not(None), InboundMail.state != MailState.RECEIVED)
        .values(raw=None),
    )
    pieces.forget_rests(session)
    return gone


def _sorted(desk: Desk, mail: InboundMail, raw: bytes) -> Sorted:
    senders = [one.envelope_from for one in mail.arrivals if one.envelope_from is not None]

    def read(address: str) -> Ours | None:
        ours = desk.links.read_address(address)
        return None if ours is None else Ours(Letter(LETTERS[ours[0]]), ours[1])

    def is_addressee(address: str) -> bool:
        known = exists().where(func.lower(Addressee.email) == address.lower())
        return bool(desk.session.scalar(select(known)))

    recipients = [one.recipient for one in mail.arrivals if one.recipient]
    return verdict.sort(raw, senders[0] if senders else None, recipients, read, is_addressee)


def _act(desk: Desk, mail: InboundMail, found: Sorted, raw: bytes) -> None:
    if found.kind in (Kind.BOUNCE, Kind.COMPLAINT):
        _report(desk, mail, found)
        return
    delivery = _delivery(desk.session, found.ours)
    mail.delivery_id = delivery.id if delivery else None
    match found.kind:
        case Kind.UNSUBSCRIBE if delivery is not None and _may_leave(found, delivery):
            _leave(desk, mail, delivery)
        case Kind.LETTER | Kind.ADDRESSEE if delivery is not None:
            _keep(desk, mail, found, raw, delivery)
        case Kind.AUTOMATIC:
            pass
        case _:
            _alive(desk, mail, found, delivery)
            taking.take(desk.session, desk.vault, desk.links, mail, found, delivery, desk.now)


def _report(desk: Desk, mail: InboundMail, found: Sorted) -> None:
    """Believed where it shows an address or a Message-ID that only the member's own mail has. An
    address for copies may stand in a letter, where its addressee reads it."""
    session, own = desk.session, tuple(one for one in found.ours if one.purpose is not Letter.COPY)
    delivery = _delivery(session, own) or finding.delivery_answered(session, desk.links, found)
    mail.delivery_id = delivery.id if delivery else None
    source = "mail" if delivery else histories.UNSIGNED
    if found.kind is Kind.COMPLAINT:
        mark = f"mail:{mail.id}"
        events.complained(session, delivery, found.complained, source, desk.now, mark)
        return
    for number, failure in enumerate(found.failures):
        mark = f"mail:{mail.id}:{number}"
        events.bounced(session, delivery, failure, source, desk.now, mark)
    taking.came_back(session, found, desk.now)


def _may_leave(found: Sorted, delivery: Delivery) -> bool:
    """Who reads a member's letter knows the address for copies, and says "no more mail" for
    nobody but themselves."""
    own = {one.purpose for one in found.ours} - {Letter.COPY, Letter.TALK}
    return bool(own) or _is_from(found, delivery)


def _is_from(found: Sorted, delivery: Delivery) -> bool:
    return delivery.member.email_key == finding.address_key(found.sender)


def _leave(desk: Desk, mail: InboundMail, delivery: Delivery) -> None:
    membership = leaving.membership_of(desk.session, delivery.id)
    if membership is not None and leaving.leave(desk.session, membership, desk.now, "mail"):
        audit.record(desk.session, "membership.left", membership, None, by="mail")


def _keep(desk: Desk, mail: InboundMail, found: Sorted, raw: bytes, delivery: Delivery) -> None:
    """A letter names its ask by its address; one that does not is for people to look at. So is what
    neither the member wrote nor anybody on file had a part in: spam comes to any address."""
    kind = LetterKind.LETTER if found.kind is Kind.LETTER else LetterKind.ADDRESSEE
    sound = found.on_file or _is_from(found, delivery)
    places = [one.ids for one in found.ours if one.purpose is Letter.COPY and sound]
    kept = keeping.keep_mail(
        desk.session, desk.vault, mail, raw, places, kind, desk.letter_days, desk.now
    )
    if not kept:
        taking.take(desk.session, desk.vault, desk.links, mail, found, delivery, desk.now)


def _alive(desk: Desk, mail: InboundMail, found: Sorted, delivery: Delivery | None) -> None:
    """A person wrote from the address that we write to: it works."""
    if delivery is not None and _is_from(found, delivery):
        happened = Happened(AddressEventKind.ANSWERED, "mail", mark=f"answered:{mail.id}")
        histories.note(desk.session, delivery.member.email_key, happened, desk.now)


def _delivery(session: Session, ours: tuple[Ours, ...]) -> Delivery | None:
    for one in ours:
        if one.purpose is not Letter.TALK:
            delivery = session.get(Delivery, one.ids[0])
            if delivery is not None:
                return delivery
    return None


def _claim(session: Session, at: datetime) -> list[int]:
    """Counted before it is tried: what ends the process itself must not be tried for ever."""
    ids = list(session.scalars(_due(at).limit(BATCH).with_for_update(skip_locked=True)))
    tried = InboundMail.attempts + 1
    given_up = InboundMail.attempts >= MOST_TRIES
    session.execute(
        update(InboundMail)
        .where(InboundMail.id.in_(ids), given_up)
        .values(state=MailState.QUARANTINED, why="it could not be sorted")
    )
    session.execute(
        update(InboundMail)
        .where(InboundMail.id.in_(ids), ~given_up)
        .values(attempts=tried, next_try_at=at + AGAIN_AFTER)
    )
    return ids


def _due(at: datetime) -> Select[int]:
    waiting = InboundMail.state == MailState.RECEIVED, InboundMail.next_try_at <= at
    return select(InboundMail.id).where(*waiting).order_by(InboundMail.next_try_at)


def _put_off(database: Database, mail_id: int, why: str) -> None:
    with database.writing() as session:
        mail = session.get_one(InboundMail, mail_id)
        mail.why = why


def _quarantine(mail: InboundMail, why: str) -> None:
    mail.state, mail.why = MailState.QUARANTINED.value, why


def _desk(services: Services, session: Session) -> Desk:
    days = services.settings.letter_days
    return Desk(session, services.vault, services.links, days, now())
