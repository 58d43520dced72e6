"""The catalogue that comes with this version: brought to the database, and never over what
somebody wrote there."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.models import WORDS, CatalogueAsk

FOLDER = Path(__file__).with_name("sectors")


@dataclass(frozen=True)
class Seed:
    sector: str
    reference: str
    position: int
    words: dict[str, str]


def seeds() -> Iterator[Seed]:
    """Of every sector, in the order of its file."""
    for path in sorted(FOLDER.glob("*.toml")):
        asks = tomllib.loads(path.read_text(encoding="utf-8"))["ask"]
        for position, ask in enumerate(asks):
            words = {name: ask.get(name, "").strip() for name in WORDS}
            yield Seed(path.stem, ask["reference"], position, words)


def seed(session: Session, now: datetime) -> int:
    """Add what is missing; give better words to entries that nobody edited or hid. How many."""
    held = {
        (entry.sector, entry.reference): entry for entry in session.scalars(select(CatalogueAsk))
    }
    return sum(_bring(session, one, held.get((one.sector, one.reference)), now) for one in seeds())


def _bring(session: Session, seed: Seed, entry: CatalogueAsk | None, now: datetime) -> bool:
    """Whether anything changed."""
    if entry is None:
        session.add(_entry(seed, now))
        return True
    is_ours = entry.hidden_at is None and entry.words == entry.seeded_as
    if not is_ours or entry.words == seed.words:
        return False
    for name, text in seed.words.items():
        setattr(entry, name, text)
    entry.seeded_as, entry.updated_at = seed.words, now
    return True


def _entry(seed: Seed, now: datetime) -> CatalogueAsk:
    return CatalogueAsk(
        sector=seed.sector,
        reference=seed.reference,
        position=seed.position,
        seeded_as=seed.words,
        created_at=now,
        updated_at=now,
        **seed.words,
    )
