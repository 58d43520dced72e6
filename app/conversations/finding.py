"""Which conversation a mail belongs to, and whose it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.conversations import briefs
from app.conversations.models import Conversation
from app.delivery.models import Delivery
from app.inbound.models import InboundMail
from app.inbound.sorting.shapes import Ours, Sorted
from app.inbound.sorting.shapes import Purpose as Letter
from app.links import Links, Purpose
from app.networks.addresses import EmailNotValidError, check_address
from app.networks.models import Member, Membership, Network
from app.notices.models import Notice
from app.vault import Vault

SAME_TOPIC = timedelta(days=60)
LONGEST_ADDRESS = 320  # RFC 5321 4.5.3.1: 64, an @, 255
MOST_LOOKED_AT = 20


@dataclass(frozen=True)
class Whose:
    correspondent: str  # the key of the address that writes; empty where there is none
    network_id: int | None = None
    member_id: int | None = None
    delivery_id: int | None = None


def delivery_answered(session: Session, links: Links, found: Sorted) -> Delivery | None:
    """The newsletter that a mail answers, by the Message-IDs it refers to."""
    for delivery_id in _named(links, Purpose.MESSAGE_ID, found.references):
        delivery = session.get(Delivery, delivery_id)
        if delivery is not None:
            return delivery
    return None


def whose(session: Session, mail: InboundMail, found: Sorted, delivery: Delivery | None) -> Whose:
    """Of a delivery, its member and network; else as far as the addresses tell."""
    key = address_key(found.sender)
    if delivery is not None:
        return Whose(key, delivery.issue.network_id, delivery.member_id, delivery.id)
    member_id = session.scalar(select(Member.id).where(Member.email_key == key))
    theirs = _networks_of(session, member_id) if member_id is not None else set()
    named = _networks_written_to(session, [one.recipient for one in mail.arrivals])
    likely = named or theirs
    network_id = next(iter(likely)) if len(likely) == 1 else None
    known = member_id if network_id is None or network_id in theirs else None
    return Whose(key, network_id, known)


def thread(
    session: Session, vault: Vault, links: Links, found: Sorted, place: Whose, now: datetime
) -> Conversation | None:
    """The conversation that goes on with this mail; None for one that begins."""
    if place.delivery_id is not None:
        about = Conversation.delivery_id == place.delivery_id
        held = session.scalars(
            select(Conversation)
            .where(about, Conversation.correspondent == place.correspondent)
            .order_by(Conversation.id.desc())
        ).first()
        if held is not None:
            return held
    return (
        addressed(session, found.ours)
        or _referred_to(session, links, found.references)
        or _same_topic(session, vault, found, place, now)
    )


def address_key(address: str) -> str:
    """What two spellings of an address have in common, also where mail could not reach it."""
    try:
        return check_address(address).key
    except (EmailNotValidError, ValueError):
        kept = address.strip().casefold()[:LONGEST_ADDRESS].replace("\0", "")
        return kept.encode(errors="replace").decode()  # as both databases can hold it


def addressed(session: Session, ours: Iterable[Ours]) -> Conversation | None:
    """By the address of one."""
    for one in ours:
        if one.purpose is Letter.TALK:
            held = session.get(Conversation, one.ids[0])
            if held is not None:
                return held
    return None


def _referred_to(
    session: Session, links: Links, references: tuple[str, ...]
) -> Conversation | None:
    """What staff wrote is named by the mail that answers it (RFC 5322 3.6.4)."""
    for notice_id in _named(links, Purpose.NOTICE_ID, references):
        notice = session.get(Notice, notice_id)
        if notice is not None and notice.conversation_id is not None:
            return session.get(Conversation, notice.conversation_id)
    return None


def _same_topic(
    session: Session, vault: Vault, found: Sorted, place: Whose, now: datetime
) -> Conversation | None:
    """Newsletters may share a subject: only for mail that answers none."""
    topic = briefs.topic(found.subject)
    if place.delivery_id is not None or not topic or not place.correspondent:
        return None
    network = Conversation.network_id.is_not_distinct_from(place.network_id)
    recent = session.scalars(
        select(Conversation)
        .where(Conversation.correspondent == place.correspondent, network)
        .where(Conversation.touched_at > now - SAME_TOPIC)
        .order_by(Conversation.touched_at.desc())
        .limit(MOST_LOOKED_AT)
    )
    same = (one for one in recent if briefs.topic(briefs.unseal(vault, one.brief).subject) == topic)
    return next(same, None)


def _named(links: Links, purpose: Purpose, references: Iterable[str]) -> Iterator[int]:
    """The ids in Message-IDs of ours, the newest first."""
    for reference in reversed(list(references)):
        local, _at, domain = reference.strip("<>").rpartition("@")
        if domain.lower() != links.mail_domain:
            continue
        try:
            yield links.read(purpose, local)[0]
        except ValueError:
            continue


def _networks_of(session: Session, member_id: int) -> set[int]:
    current = Membership.member_id == member_id, Membership.ended_at.is_(None)
    return set(session.scalars(select(Membership.network_id).where(*current)))


def _networks_written_to(session: Session, recipients: Iterable[str]) -> set[int]:
    addresses = [one for one in recipients if one]
    if not addresses:
        return set()
    ours = or_(
        func.lower(Network.from_address).in_(addresses),
        func.lower(Network.reply_to).in_(addresses),
    )
    return set(session.scalars(select(Network.id).where(ours)))
