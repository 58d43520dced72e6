"""What a member says of an ask: found by its link, recorded append-only, taken back by one tap."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.cases.models import Ask, CaseStatus, Sensitivity
from app.db import insert_ignoring
from app.delivery.models import Delivery, EditionOffer
from app.issues.models import Offer
from app.responses.models import Answer, Channel, Response, Visit

WITHOUT_FORM = "no-form"  # posted by something that never opened the page


@dataclass(frozen=True)
class Details:
    """What may be said beyond the answer itself."""

    letters: int | None = None
    how: str | None = None
    acted_on: date | None = None
    promised_for: date | None = None
    reply_came: bool = False
    note: str = ""


class Standing(StrEnum):
    """Whether an ask can still be answered through its link."""

    OPEN = "open"
    STOPPED = "stopped"  # the case team: nobody must act any more
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Asked:
    """One member and one ask, as a link names them."""

    delivery: Delivery
    offer: Offer
    standing: Standing
    closed: bool  # its window is over: an answer is kept, and stands beside the rates


def find(
    session: Session, delivery_id: int, offer_id: int, lifetime: timedelta, now: datetime
) -> Asked | None:
    """None when the delivery is gone, or never carried this ask."""
    found = session.execute(
        select(Delivery, Offer)
        .join(EditionOffer, EditionOffer.edition_id == Delivery.edition_id)
        .join(Offer, Offer.id == EditionOffer.offer_id)
        .where(Delivery.id == delivery_id, Offer.id == offer_id)
        # One query for the whole page: members open it by the hundred when a mail goes out.
        .options(
            joinedload(Delivery.issue),
            joinedload(Offer.ask).options(joinedload(Ask.case), selectinload(Ask.addressees)),
        )
    ).first()
    if found is None:
        return None
    delivery, offer = found
    closed = offer.closes_at is not None and offer.closes_at <= now
    return Asked(delivery, offer, _standing(delivery, offer, lifetime, now), closed)


def current(session: Session, asked: Asked) -> Response | None:
    """The answer that counts now: the newest that is no suspect's, unless it was taken back."""
    said = session.scalars(
        select(Response)
        .where(
            Response.delivery_id == asked.delivery.id,
            Response.offer_id == asked.offer.id,
            Response.suspect.is_(None),
        )
        .order_by(Response.id.desc())
        .limit(1)
    ).first()
    return None if said is None or said.answer == Answer.UNDONE else said


def record(
    session: Session,
    asked: Asked,
    answer: Answer,
    details: Details,
    now: datetime,
    *,
    channel: Channel = Channel.LINK,
    staff_id: int | None = None,
    suspect: str | None = None,
) -> Response:
    """Add a row, unless the newest says exactly this: the same tap twice is one response."""
    # One at a time for each delivery, so that two taps at once see each other.
    session.scalars(
        select(Delivery.id).where(Delivery.id == asked.delivery.id).with_for_update()
    ).one()
    held = _newest(session, asked, suspect)
    if held is not None and _says(held, answer, details):
        return held
    said = Response(
        delivery_id=asked.delivery.id,
        offer_id=asked.offer.id,
        answer=answer.value,
        channel=channel.value,
        recorded_at=now,
        recorded_by=staff_id,
        suspect=suspect,
        **{field.name: getattr(details, field.name) for field in fields(details)},
    )
    session.add(said)
    session.flush()  # the page that follows asks for it
    return said


def was_visited(session: Session, asked: Asked) -> bool:
    wanted = exists().where(
        Visit.delivery_id == asked.delivery.id, Visit.offer_id == asked.offer.id
    )
    return bool(session.scalar(select(wanted)))


def note_visit(session: Session, asked: Asked, now: datetime) -> None:
    """The page was opened; counted once, and never part of a rate."""
    session.execute(
        insert_ignoring(session, Visit),
        [{"delivery_id": asked.delivery.id, "offer_id": asked.offer.id, "first_at": now}],
    )


def _standing(delivery: Delivery, offer: Offer, lifetime: timedelta, now: datetime) -> Standing:
    frozen_at = delivery.issue.frozen_at
    if frozen_at is not None and frozen_at + lifetime < now:
        return Standing.EXPIRED
    if offer.ask.case.status == CaseStatus.STOPPED:
        return Standing.STOPPED
    secret = offer.ask.case.sensitivity == Sensitivity.CONFIDENTIAL
    if offer.ask.withdrawn_at is not None or secret:
        return Standing.WITHDRAWN
    return Standing.OPEN


def _newest(session: Session, asked: Asked, suspect: str | None) -> Response | None:
    return session.scalars(
        select(Response)
        .where(
            Response.delivery_id == asked.delivery.id,
            Response.offer_id == asked.offer.id,
            Response.suspect.is_(None) if suspect is None else Response.suspect == suspect,
        )
        .order_by(Response.id.desc())
        .limit(1)
    ).first()


def _says(held: Response, answer: Answer, details: Details) -> bool:
    return held.answer == answer and all(
        getattr(held, field.name) == getattr(details, field.name) for field in fields(details)
    )
