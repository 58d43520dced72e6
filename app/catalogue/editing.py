"""The entries of the catalogue, kept by hand."""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases.editing import free_reference
from app.catalogue.models import WORDS, CatalogueAsk
from app.errors import NotFound, Refused


def of_sector(session: Session, sector: str) -> list[CatalogueAsk]:
    """In their order, the hidden ones too."""
    statement = select(CatalogueAsk).where(CatalogueAsk.sector == sector)
    return list(session.scalars(statement.order_by(CatalogueAsk.position, CatalogueAsk.id)))


def counts(session: Session) -> dict[str, int]:
    """Sector -> entries that are not hidden."""
    rows = session.execute(
        select(CatalogueAsk.sector, func.count())
        .where(CatalogueAsk.hidden_at.is_(None))
        .group_by(CatalogueAsk.sector)
    )
    return {row[0]: row[1] for row in rows}


def entry_or_404(session: Session, entry_id: int) -> CatalogueAsk:
    entry = session.get(CatalogueAsk, entry_id)
    if entry is None:
        raise NotFound(_("There is no such ask in the catalogue."))
    return entry


def add(session: Session, sector: str, words: Mapping[str, str], now: datetime) -> CatalogueAsk:
    """An entry of one's own, at the end of its sector."""
    others = of_sector(session, sector)
    entry = CatalogueAsk(
        sector=sector,
        reference=free_reference(words, [other.reference for other in others]),
        position=1 + max((other.position for other in others), default=-1),
        created_at=now,
        updated_at=now,
        **{name: words[name] for name in WORDS},
    )
    session.add(entry)
    session.flush()  # its page needs its id
    return entry


def rewrite(entry: CatalogueAsk, words: Mapping[str, str], now: datetime) -> list[str]:
    """The names of the fields that changed."""
    changed = [name for name in WORDS if name in words and getattr(entry, name) != words[name]]
    for name in changed:
        setattr(entry, name, words[name])
    if changed:
        entry.updated_at = now
    return changed


def hide(entry: CatalogueAsk, now: datetime) -> None:
    """Nobody is offered it any more; asks that were made of it stay."""
    entry.hidden_at = entry.hidden_at or now


def show(entry: CatalogueAsk) -> None:
    entry.hidden_at = None


def restore(entry: CatalogueAsk, now: datetime) -> list[str]:
    """Back to the words it came with. Refused for one that was written here."""
    if entry.seeded_as is None:
        raise Refused(_("This ask was written here, so there are no other words to go back to."))
    return rewrite(entry, entry.seeded_as, now)


def differences(entry: CatalogueAsk) -> dict[str, tuple[str, str]]:
    """Field -> the words it came with, and those of now."""
    before, after = entry.seeded_as or {}, entry.words
    return {
        name: (before[name], after[name])
        for name in WORDS
        if name in before and before[name] != after[name]
    }
