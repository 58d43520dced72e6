"""Responses as staff see them, and the evidence they add."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.delivery.models import Delivery
from app.issues.models import Offer
from app.responses.models import Evidence, Grade, Response
from app.responses.statements import sound
from app.staff.models import Staff


def history(session: Session, delivery_id: int) -> dict[int, list[Response]]:
    """Offer id -> every row, newest first."""
    rows: dict[int, list[Response]] = defaultdict(list)
    for said in session.scalars(
        select(Response).where(Response.delivery_id == delivery_id).order_by(Response.id.desc())
    ):
        rows[said.offer_id].append(said)
    return rows


def newest(session: Session, delivery_id: int) -> dict[int, Response]:
    """Offer id -> the newest row that counts."""
    rows = session.scalars(
        select(Response).where(Response.delivery_id == delivery_id, sound()).order_by(Response.id)
    )
    return {said.offer_id: said for said in rows}


def evidence(session: Session, delivery_id: int) -> dict[int, list[Evidence]]:
    """Offer id -> every row, newest first."""
    rows: dict[int, list[Evidence]] = defaultdict(list)
    for one in session.scalars(
        select(Evidence).where(Evidence.delivery_id == delivery_id).order_by(Evidence.id.desc())
    ):
        rows[one.offer_id].append(one)
    return rows


def add_evidence(
    session: Session,
    delivery: Delivery,
    offer: Offer,
    grade: Grade,
    note: str,
    staff: Staff,
    now: datetime,
) -> Evidence:
    added = Evidence(
        delivery_id=delivery.id,
        offer_id=offer.id,
        grade=grade.value,
        note=note,
        recorded_at=now,
        recorded_by=staff.id,
    )
    session.add(added)
    session.flush()  # the audit names it
    return added
