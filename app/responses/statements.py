"""The statements behind the answer page, by database ("sqlite", "postgresql").

What differs between the two: how rows become one JSON value, and what an INSERT gives back.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Exists,
    Insert,
    ScalarSelect,
    Select,
    Text,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.cases.models import Addressee, Ask, AskAddressee, Case
from app.db import UTCDateTime
from app.delivery.models import Delivery, EditionOffer
from app.issues.models import Issue, Offer
from app.responses.models import Response, Visit

Make = Callable[[str], Select[*tuple[Any, ...]] | Insert]
_PAIR = (
    Response.delivery_id == bindparam("delivery_id"),
    Response.offer_id == bindparam("offer_id"),
)
_SAID = (
    Response.id,
    Response.answer,
    Response.recorded_at,
    Response.letters,
    Response.how,
    Response.acted_on,
    Response.promised_for,
    Response.reply_came,
    Response.note,
)


def page(dialect: str) -> Select[*tuple[Any, ...]]:
    """All that the page shows, in one row: whether the ask stands, what was said, its words.

    Bound: delivery_id, offer_id, now, expired_before.
    """
    return (
        select(
            (Issue.frozen_at < bindparam("expired_before", type_=UTCDateTime())).label("expired"),
            Case.status,
            Case.sensitivity,
            Ask.withdrawn_at.is_not(None).label("withdrawn"),
            (Offer.closes_at <= bindparam("now", type_=UTCDateTime())).label("closed"),
            _visited().label("visited"),
            *_SAID,
            *(Ask.kind, Ask.headline, Ask.why, Ask.instructions, Ask.model_text, Ask.button),
            *(Ask.deadline, Case.title, Case.place, _addressees(dialect).label("addressees")),
        )
        .select_from(Delivery)
        .join(EditionOffer, EditionOffer.edition_id == Delivery.edition_id)
        .join(Offer, Offer.id == EditionOffer.offer_id)
        .join(Issue, Issue.id == Offer.issue_id)
        .join(Ask, Ask.id == Offer.ask_id)
        .join(Case, Case.id == Ask.case_id)
        .outerjoin(Response, Response.id == _newest_id(Response.suspect.is_(None)))
        .where(Delivery.id == bindparam("delivery_id"), Offer.id == bindparam("offer_id"))
    )


def newest(dialect: str) -> Select[*tuple[Any, ...]]:
    """The newest row that is no suspect's. Bound: delivery_id, offer_id."""
    return select(*_SAID).where(Response.id == _newest_id(Response.suspect.is_(None)))


def newest_suspect(dialect: str) -> Select[*tuple[Any, ...]]:
    """The newest row of one kind of suspect. Bound: delivery_id, offer_id, suspect."""
    return select(*_SAID).where(Response.id == _newest_id(Response.suspect == bindparam("suspect")))


def lock(dialect: str) -> Select[*tuple[Any, ...]]:
    """The delivery's row, until the transaction ends. Bound: delivery_id."""
    held = select(Delivery.id).where(Delivery.id == bindparam("delivery_id"))
    return held.with_for_update()


def response(dialect: str) -> Insert:
    """A new one. Bound: every column but the id, by its name. Gives the id on PostgreSQL."""
    columns = [column for column in Response.__table__.columns if column.name != "id"]
    added = insert(Response).values({column: bindparam(column.name) for column in columns})
    return added if dialect == "sqlite" else added.returning(Response.id)


def visit(dialect: str) -> Insert:
    """Unless it is noted already. Bound: delivery_id, offer_id, first_at."""
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    names = ("delivery_id", "offer_id", "first_at")
    noted = make(Visit).values({name: bindparam(name) for name in names})
    return noted.on_conflict_do_nothing().inline()


def _newest_id(which: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.max(Response.id)).where(*_PAIR, which).correlate(None).scalar_subquery()


def _visited() -> Exists:
    here = Visit.delivery_id == bindparam("delivery_id"), Visit.offer_id == bindparam("offer_id")
    return exists().where(*here)


def _addressees(dialect: str) -> ColumnElement[Any]:
    """A JSON list of [position, title, name, post, email], in any order."""
    row = (
        Addressee.position,
        Addressee.title,
        Addressee.name,
        Addressee.post,
        Addressee.email,
    )
    if dialect == "sqlite":
        value: ColumnElement[Any] = func.json_group_array(func.json_array(*row))
    else:
        value = cast(func.json_agg(func.json_build_array(*row)), Text)
    return (
        select(func.coalesce(value, literal_column("'[]'")))
        .select_from(Addressee)
        .join(AskAddressee, AskAddressee.addressee_id == Addressee.id)
        .where(AskAddressee.ask_id == Ask.id)
        .correlate(Ask)
        .scalar_subquery()
    )
