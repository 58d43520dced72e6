"""A notice: one mail to one person, written before it is sent."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, deferred, mapped_column

from app.db import NEVER_AGAIN, Base, Key


class Notice(Base):
    __tablename__ = "notice"
    __table_args__ = (
        Index(
            "ix_notice_due",
            "next_try_at",
            sqlite_where=text("next_try_at IS NOT NULL"),
            postgresql_where=text("next_try_at IS NOT NULL"),
        ),
        Index(None, "conversation_id"),
        Index(None, "recipient", "created_at"),
        NEVER_AGAIN,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str]  # what it is: "preferences", "answer", ...
    sender: Mapped[str]  # of the envelope; empty for mail that must not be answered (RFC 3834)
    recipient: Mapped[str]
    raw: Mapped[bytes] = deferred(mapped_column(LargeBinary))  # sealed
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # of no use later
    next_try_at: Mapped[datetime | None]  # None once it is sent or given up
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    last_answer: Mapped[str | None]
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    written_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
