"""An entry of the catalogue becomes an ask of a case."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.editing import write_part
from app.cases.models import Ask, Case
from app.catalogue import filling
from app.catalogue.models import CatalogueAsk


def for_sector(session: Session, sector: str) -> list[CatalogueAsk]:
    """What a coordinator is offered, in its order."""
    statement = select(CatalogueAsk).where(
        CatalogueAsk.sector == sector, CatalogueAsk.hidden_at.is_(None)
    )
    return list(session.scalars(statement.order_by(CatalogueAsk.position, CatalogueAsk.id)))


def take(
    session: Session, case: Case, entry: CatalogueAsk, sectors: Sequence[str], now: datetime
) -> Ask:
    """The case's ask of this entry, for these sectors (none: for everybody). The same entry again
    is the same ask, for those sectors too, unless it was withdrawn."""
    held = taken(case, entry)
    if held is None:
        reference = _free(_stem(entry), {ask.reference for ask in case.asks})
        return add_ask(session, case, entry.words, sectors, now, reference)
    wider = _wider(held.sectors, sectors)
    if wider != held.sectors:
        held.sectors, case.updated_at = wider, now
    return held


def taken(case: Case, entry: CatalogueAsk) -> Ask | None:
    """The ask that was made of this entry, if members may act on it."""
    stem = _stem(entry)
    for ask in case.asks:
        name, _dot, number = ask.reference.rpartition(".")
        is_it = ask.reference == stem or (name == stem and number.isdecimal())
        if is_it and ask.withdrawn_at is None:
            return ask
    return None


def add_ask(
    session: Session,
    case: Case,
    words: Mapping[str, str],
    sectors: Sequence[str],
    now: datetime,
    reference: str = "",
) -> Ask:
    """A new ask, the last of the case, with {people} and {place} filled in. It goes to those
    addressees whose office its headline names."""
    values = filling.values_of(case)
    said = {name: filling.fill(text, values) for name, text in words.items()}
    audience = {"sectors": list(sectors), "specialties": [], "countries": [], "languages": []}
    named = [a.id for a in case.addressees if a.title.casefold() in said["headline"].casefold()]
    part = {"reference": reference, "addressees": named} | audience | said
    ask = write_part(session, case, "asks", None, part)
    assert isinstance(ask, Ask)
    case.updated_at = now
    return ask


def _stem(entry: CatalogueAsk) -> str:
    """Names the entry among the asks of a case: what is written by hand has no dot."""
    return f"{entry.sector}.{entry.reference}"


def _free(stem: str, taken: set[str]) -> str:
    reference, number = stem, 2
    while reference in taken:
        reference, number = f"{stem}.{number}", number + 1
    return reference


def _wider(held: Sequence[str], more: Sequence[str]) -> list[str]:
    """An empty audience is everybody."""
    return list(dict.fromkeys([*held, *more])) if held and more else []
