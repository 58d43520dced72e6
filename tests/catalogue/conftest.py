"""A seeded catalogue, and an entry of it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue import seeding
from app.catalogue.models import CatalogueAsk
from app.clock import now
from app.db import Database

WORDS = {
    "kind": "letter",
    "headline": "Write to the Minister of Justice about {people}.",
    "why": "Letters from {place} and elsewhere are read.",
    "instructions": "1. Be polite.",
    "model_text": "Dear Minister, I write about {people}, in {place}.",
    "button": "I have sent my letter",
}


@pytest.fixture
def seeded(database: Database) -> Database:
    with database.writing() as session:
        seeding.seed(session, now())
    return database


@pytest.fixture
def seed_as(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """seed_as(headline="…") makes the catalogue that comes along one entry, with these words."""

    def seed_as(*references: str, **words: str) -> None:
        found = [
            seeding.Seed("legal", reference, position, WORDS | words)
            for position, reference in enumerate(references or ("letter",))
        ]
        monkeypatch.setattr(seeding, "seeds", lambda: iter(found))

    return seed_as


def entry(session: Session, reference: str = "letter", **values: Any) -> CatalogueAsk:
    """One that is there already, or is made with these values."""
    held = session.scalars(select(CatalogueAsk).where(CatalogueAsk.reference == reference)).first()
    if held is None:
        defaults = {"sector": "legal", "created_at": now(), "updated_at": now()}
        held = CatalogueAsk(reference=reference, **WORDS | defaults | values)
        session.add(held)
        session.flush()
    return held
