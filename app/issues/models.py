"""One number of a network's newsletter: its words, its cases in order, the asks it offers."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cases.models import Ask, Case
from app.db import Base, Key
from app.media.models import Picture
from app.networks.models import Network


class IssueState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"


class WhenUncertain(StrEnum):
    """What becomes of a mail of which nobody knows whether the relay took it."""

    RESEND = "resend"
    HOLD = "hold"


class Archived(StrEnum):
    """Who may read an issue on the web once it went out."""

    PUBLIC = "public"
    MEMBERS = "members"  # whoever has its link
    NONE = "none"


class BlockKind(StrEnum):
    CASE = "case"
    TEXT = "text"
    NEWS = "news"  # good news: what happened after the last issue
    EVENT = "event"
    PICTURE = "picture"
    DIVIDER = "divider"
    COLLEAGUES = "colleagues"  # a call to pass it on to colleagues
    THANKS = "thanks"  # to those who acted on the last issue


class Issue(Base):
    """What happened to it is kept as facts (when), from which its state follows."""

    __tablename__ = "issue"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"), index=True)
    reference: Mapped[str | None] = mapped_column(unique=True)  # of an imported issue
    title: Mapped[str]
    subject: Mapped[str]
    preview: Mapped[str] = mapped_column(default="")
    greeting: Mapped[str] = mapped_column(default="")
    introduction: Mapped[str] = mapped_column(default="")  # Markdown
    closing: Mapped[str] = mapped_column(default="")  # Markdown
    sender_name: Mapped[str] = mapped_column(default="")  # the person who signs
    language: Mapped[str] = mapped_column(default="en")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # the last who did
    scheduled_for: Mapped[datetime | None] = mapped_column(index=True)  # somebody said "send"
    scheduled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    frozen_at: Mapped[datetime | None]  # audience and words are fixed; deliveries exist
    finished_at: Mapped[datetime | None]  # no delivery is waiting any more
    stopped_why: Mapped[str | None]  # a scheduled issue that could not be frozen says why
    urgent: Mapped[bool] = mapped_column(default=False)  # overtakes the others
    paused_at: Mapped[datetime | None]
    paused_why: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]  # staff stopped the rest
    rate_per_minute: Mapped[int | None]  # at most so many; None: as fast as the relays take it
    when_uncertain: Mapped[str] = mapped_column(default="resend")  # or "hold", for staff to decide
    archive: Mapped[str] = mapped_column(default="none")  # one of Archived

    network: Mapped[Network] = relationship()
    every_block: Mapped[list["Block"]] = relationship(
        cascade="all, delete-orphan", order_by="Block.position, Block.id"
    )
    offers: Mapped[list["Offer"]] = relationship(
        cascade="all, delete-orphan", order_by="Offer.position", back_populates="issue"
    )

    @property
    def blocks(self) -> list["Block"]:
        """Those that stand in it, in their order."""
        return [block for block in self.every_block if block.removed_at is None]

    @property
    def cases(self) -> list[Case]:
        return [block.case for block in self.blocks if block.case is not None]

    @property
    def state(self) -> IssueState:
        if self.finished_at:
            return IssueState.SENT
        if self.frozen_at:
            return IssueState.PAUSED if self.paused_at else IssueState.SENDING
        return IssueState.SCHEDULED if self.scheduled_for else IssueState.DRAFT


class Block(Base):
    """A part of an issue. `words`: language -> field -> text; a case's own words stand with the
    case. `record`: what members did after the last issue, as it was counted for this block. One
    that was taken out stays for the undo."""

    __tablename__ = "block"
    __table_args__ = (UniqueConstraint("issue_id", "case_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    kind: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"), index=True)
    words: Mapped[dict[str, Any]] = mapped_column(default=dict)
    record: Mapped[dict[str, Any]] = mapped_column(default=dict)
    removed_at: Mapped[datetime | None]
    removed_asks: Mapped[list[Any]] = mapped_column(default=list)  # of a case: ids, for the undo

    case: Mapped[Case | None] = relationship()
    picture: Mapped[Picture | None] = relationship()


class Version(Base):
    """An issue as somebody left it: its document, with the ids of its blocks. What one person
    writes in one go is one version."""

    __tablename__ = "issue_version"
    __table_args__ = (UniqueConstraint("issue_id", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"))
    number: Mapped[int]  # from 1
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    document: Mapped[dict[str, Any]]
    is_kept: Mapped[bool] = mapped_column(default=False)  # approved or sent: not written on


class Approval(Base):
    """A second person said that the issue may go out as it was. `fingerprint`: of all that members
    see and of who sees it; another content has another one."""

    __tablename__ = "approval"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("issue_version.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
    fingerprint: Mapped[str]

    version: Mapped[Version] = relationship()


class Note(Base):
    """A remark for those who write: on a block, or on the whole issue. No member sees it."""

    __tablename__ = "note"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"), index=True)
    block_id: Mapped[int | None] = mapped_column(ForeignKey("block.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
    text: Mapped[str]
    done_at: Mapped[datetime | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Offer(Base):
    """An ask as it stands in one issue: what a member answers, and what a rate is counted of."""

    __tablename__ = "offer"
    __table_args__ = (UniqueConstraint("issue_id", "ask_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"))
    ask_id: Mapped[int] = mapped_column(ForeignKey("ask.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    closes_at: Mapped[datetime | None]  # frozen at send: the ask's deadline, else 28 days

    issue: Mapped[Issue] = relationship(back_populates="offers")
    ask: Mapped[Ask] = relationship()
