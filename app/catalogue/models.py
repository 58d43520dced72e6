"""An entry of the catalogue: an ask without a case."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Key

WORDS = ("kind", "headline", "why", "instructions", "model_text", "button")


class CatalogueAsk(Base):
    """What members of a sector can be asked to do. In its words {people} and {place} stand for
    those of a case."""

    __tablename__ = "catalogue_ask"
    __table_args__ = (UniqueConstraint("sector", "reference"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    sector: Mapped[str]  # a code of app.sectors
    reference: Mapped[str]
    kind: Mapped[str]  # of an ask
    headline: Mapped[str]
    why: Mapped[str]
    instructions: Mapped[str] = mapped_column(default="")  # Markdown
    model_text: Mapped[str] = mapped_column(default="")
    button: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    seeded_as: Mapped[dict[str, Any] | None]  # the words it came with; None: it was written here
    hidden_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def words(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in WORDS}

    @property
    def is_edited(self) -> bool:
        """Whether somebody changed the words that it came with."""
        return self.seeded_as is not None and self.words != self.seeded_as
