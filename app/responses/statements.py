"""The statements behind the answer page, by database ("sqlite", "postgresql").

What differs between the two: how rows become one JSON value, and what an INSERT gives back.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Exists,
    Insert,
    ScalarSelect,
    Select,
    String,
    Text,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from app.cases.models import Addressee, Ask, AskAddressee, Case
from app.db import Base, Key, UTCDateTime
from app.delivery.models import Delivery, Edition, EditionOffer, Settlement
from app.issues.models import Issue, Offer
from app.responses.models import LeavingVisit, Resolution, Response, Verdict, Visit

Make = Callable[[str], Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | Insert]
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

    Bound: delivery_id, offer_id, now, expired_before, lately.
    """
    return (
        select(
            (Issue.frozen_at < bindparam("expired_before", type_=UTCDateTime())).label("expired"),
            Case.status,
            Case.sensitivity,
            Ask.withdrawn_at.is_not(None).label("withdrawn"),
            (Offer.closes_at <= bindparam("now", type_=UTCDateTime())).label("closed"),
            _visited().label("visited"),
            Edition.language,
            *_SAID,
            *(Ask.kind, Ask.headline, Ask.why, Ask.instructions, Ask.model_text, Ask.button),
            *(Ask.deadline, Case.title, Case.place, _addressees(dialect).label("addressees")),
        )
        .select_from(Delivery)
        .join(Edition, Edition.id == Delivery.edition_id)
        .join(EditionOffer, EditionOffer.edition_id == Edition.id)
        .join(Offer, Offer.id == EditionOffer.offer_id)
        .join(Issue, Issue.id == Offer.issue_id)
        .join(Ask, Ask.id == Offer.ask_id)
        .join(Case, Case.id == Ask.case_id)
        .outerjoin(Response, Response.id == _newest_id(sound()))
        .where(Delivery.id == bindparam("delivery_id"), Offer.id == bindparam("offer_id"))
    )


def newest(dialect: str) -> Select[*tuple[Any, ...]]:
    """The newest row that is no suspect's. Bound: delivery_id, offer_id."""
    return select(*_SAID).where(Response.id == _newest_id(sound()))


def newest_suspect(dialect: str) -> Select[*tuple[Any, ...]]:
    """The newest row of one kind of suspect that came from one form. Bound: delivery_id, offer_id,
    suspect, seal."""
    is_such = (Response.suspect == bindparam("suspect")) & Response.seal.is_not_distinct_from(
        bindparam("seal", type_=String())
    )
    return select(*_SAID).where(Response.id == _newest_id(is_such))


def around(dialect: str) -> CompoundSelect[*tuple[Any, ...]]:
    """What tells a robot's answer from a person's: rows of (kind, offer, at, again_at, why).

    Bound: delivery_id, offer_id, seal.
    """
    here = bindparam("delivery_id", type_=Key)
    other = Visit.offer_id != bindparam("offer_id")
    never, nothing = cast(null(), UTCDateTime()), cast(null(), String())
    of_form = (*_PAIR, Response.seal == bindparam("seal"), Response.suspect.is_not(None))
    openings = (Visit.offer_id, Visit.first_at, Visit.again_at, nothing)
    leaving = (0, LeavingVisit.first_at, LeavingVisit.again_at, nothing)
    return union_all(
        _kind("sent", 0, Settlement.settled_at, never, nothing).where(
            Settlement.delivery_id == here
        ),
        _kind("opened", *openings).where(Visit.delivery_id == here, other),
        _kind("leaving", *leaving).where(LeavingVisit.delivery_id == here),
        _kind("doubted", 0, never, never, Response.suspect).where(*of_form),
    )


def _kind(kind: str, *columns: Any) -> Select[*tuple[Any, ...]]:
    plain = (literal_column(str(c)) if isinstance(c, int) else c for c in columns)
    return select(literal_column(f"'{kind}'", String()), *plain)


def sound() -> ColumnElement[bool]:
    """Of a response: that it counts, being no suspect's or accepted by staff."""
    other = aliased(Resolution)
    newest = select(func.max(other.id)).where(other.response_id == Response.id)
    accepted = exists().where(
        Resolution.id == newest.correlate(Response).scalar_subquery(),
        Resolution.verdict == literal_column(f"'{Verdict.ACCEPTED}'"),
    )
    return or_(Response.suspect.is_(None), accepted.correlate(Response))


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
    """The first opening of an ask's page, or the newest. Bound: delivery_id, offer_id, first_at."""
    return _opening(Visit, ("delivery_id", "offer_id"), dialect)


def leaving_visit(dialect: str) -> Insert:
    """The first opening of the page for leaving, or the newest. Bound: delivery_id, first_at."""
    return _opening(LeavingVisit, ("delivery_id",), dialect)


def _opening(model: type[Base], names: tuple[str, ...], dialect: str) -> Insert:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    first = make(model).values({name: bindparam(name) for name in (*names, "first_at")})
    again = {"again_at": first.excluded.first_at}
    return first.on_conflict_do_update(index_elements=names, set_=again).inline()


def _newest_id(which: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.max(Response.id)).where(*_PAIR, which).correlate(None).scalar_subquery()


def _visited() -> Exists:
    here = Visit.delivery_id == bindparam("delivery_id"), Visit.offer_id == bindparam("offer_id")
    newest = func.coalesce(Visit.again_at, Visit.first_at)
    return exists().where(*here, newest > bindparam("lately", type_=UTCDateTime()))


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
