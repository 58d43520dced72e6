"""A picture of a network: shown in its mails to whoever has the picture's address."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column

from app.db import NEVER_AGAIN, Base, Key

SUFFIXES = {"image/jpeg": "jpg", "image/png": "png"}


class Picture(Base):
    __tablename__ = "picture"
    __table_args__ = (UniqueConstraint("network_id", "mark"), NEVER_AGAIN)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    token: Mapped[str] = mapped_column(unique=True)  # names it to the public
    mark: Mapped[str]  # the same file twice is one picture
    name: Mapped[str]  # what staff call it
    alts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # language -> what it shows
    media_type: Mapped[str]  # a key of SUFFIXES
    width: Mapped[int]  # pixels
    height: Mapped[int]
    size: Mapped[int]  # bytes
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    described_at: Mapped[datetime | None]
    # Out of the library. Its address still answers: mails that went out show it.
    removed_at: Mapped[datetime | None]

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.media_type]

    @property
    def usable(self) -> bool:
        """Whether those who do not see it are told what it shows."""
        return any(self.alts.values())

    def alt(self, language: str) -> str:
        """What it shows, in that language, else in its base language, else in any."""
        for known in (language, language.partition("-")[0], *sorted(self.alts)):
            if text := self.alts.get(known):
                return str(text)
        return ""
