"""What mail systems say of addresses and deliveries, by mail or through a provider's door."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.delivery.models import Delivery, DeliveryState, Settlement
from app.inbound import leaving
from app.inbound.providers.shapes import Event, EventKind
from app.inbound.sorting.shapes import Failure, Hardness
from app.links import Links, Purpose
from app.networks import histories
from app.networks.addresses import EmailNotValidError, check_address
from app.networks.histories import Happened
from app.networks.models import AddressEventKind, Member
from app.staff import audit


def note(session: Session, events: Sequence[Event], links: Links, now: datetime) -> int:
    """Act on a provider's events, each once however often it is told; how many were news."""
    return sum(_note(session, event, links, now) for event in events)


def bounced(
    session: Session,
    delivery: Delivery | None,
    failure: Failure,
    source: str,
    now: datetime,
    mark: str | None = None,
) -> bool:
    """A mail came back. `delivery`: which, where its return path said so. False when that was
    told before, is of nobody we know, or is no failure."""
    if failure.hardness is Hardness.LATE:
        return False
    member = _whose(session, delivery, failure.recipient)
    if member is None:
        return False
    happened = Happened(
        histories.KINDS[failure.hardness],
        source,
        failure.status,
        failure.text,
        delivery.id if delivery else None,
        mark,
    )
    if not histories.note(session, member.email_key, happened, now):
        return False
    if delivery is not None:
        came_back(session, delivery, failure.text)
    return True


def complained(
    session: Session,
    delivery: Delivery | None,
    address: str | None,
    source: str,
    now: datetime,
    mark: str | None = None,
) -> bool:
    """Somebody pressed "this is spam": nothing goes there any more."""
    member = _whose(session, delivery, address)
    if member is None:
        return False
    happened = Happened(
        AddressEventKind.COMPLAINT,
        source,
        delivery_id=delivery.id if delivery else None,
        mark=mark,
    )
    return histories.note(session, member.email_key, happened, now)


def came_back(session: Session, delivery: Delivery, text: str) -> None:
    """A relay took it, and it did not arrive: no rate is counted of it."""
    session.execute(
        update(Settlement)
        .where(
            Settlement.delivery_id == delivery.id,
            Settlement.state.in_((DeliveryState.SENT, DeliveryState.UNKNOWN)),
        )
        .values(state=DeliveryState.BOUNCED, answer=text or Settlement.answer)
    )


def delivery_of(session: Session, links: Links, event: Event) -> Delivery | None:
    """By its return path, else by its Message-ID, where these are ours."""
    read = links.read_address(event.return_path or "")
    if read is not None and read[0] is Purpose.RETURN_PATH:
        return session.get(Delivery, read[1][0])
    delivery_id = links.read_message_id(event.message_id or "")
    return None if delivery_id is None else session.get(Delivery, delivery_id)


def _note(session: Session, event: Event, links: Links, now: datetime) -> bool:
    delivery = delivery_of(session, links, event)
    mark = f"{event.provider}:{event.event_id}"
    match event.kind:
        case EventKind.BOUNCE | EventKind.DELAYED:
            hardness = event.hardness or Hardness.SOFT
            if event.kind is EventKind.DELAYED:
                hardness = Hardness.LATE
            failure = Failure(event.recipient, hardness, event.status, event.text, event.provider)
            return bounced(session, delivery, failure, event.provider, now, mark)
        case EventKind.COMPLAINT:
            return complained(session, delivery, event.recipient, event.provider, now, mark)
        case EventKind.UNSUBSCRIBE:
            return _leave(session, delivery, event.provider, now)
        case _:
            return False


def _leave(session: Session, delivery: Delivery | None, provider: str, now: datetime) -> bool:
    """Of which network, only the delivery says."""
    if delivery is None:
        return False
    membership = leaving.membership_of(session, delivery.id)
    if membership is None or not leaving.leave(session, membership, now, provider):
        return False
    audit.record(session, "membership.left", membership, None, by=provider)
    return True


def _whose(session: Session, delivery: Delivery | None, address: str | None) -> Member | None:
    """VERP knows; else the address that the report names."""
    if delivery is not None:
        return session.get(Member, delivery.member_id)
    if not address:
        return None
    try:
        key = check_address(address).key
    except (EmailNotValidError, ValueError):
        return None
    return session.scalars(select(Member).where(Member.email_key == key)).first()
