"""The words of an issue as they were mailed: a case may be written anew a day later."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class FrozenWords(Base):
    """All blocks and all asks of an issue in one language, whoever got which: content of
    newsletters/ as app/archive/document.py writes it. Never changed."""

    __tablename__ = "frozen_words"

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    at: Mapped[datetime]
