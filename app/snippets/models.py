"""A snippet: a text, a closing, an ask or an addressee, of one network."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Key
from app.networks.models import Network


class SnippetKind(StrEnum):
    TEXT = "text"
    CLOSING = "closing"
    ASK = "ask"
    ADDRESSEE = "addressee"


class Snippet(Base):
    __tablename__ = "snippet"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"), index=True)
    kind: Mapped[str]
    title: Mapped[str]  # what staff call it
    content: Mapped[dict[str, Any]]  # the fields of its kind: app.snippets.keeping.FIELDS
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    network: Mapped[Network] = relationship()
