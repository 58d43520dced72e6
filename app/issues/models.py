"""One number of a network's newsletter: its words, its cases in order, the asks it offers."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cases.models import Ask, Case
from app.db import Base, Key
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

    network: Mapped[Network] = relationship()
    cases: Mapped[list["IssueCase"]] = relationship(
        cascade="all, delete-orphan", order_by="IssueCase.position"
    )
    offers: Mapped[list["Offer"]] = relationship(
        cascade="all, delete-orphan", order_by="Offer.position", back_populates="issue"
    )

    @property
    def state(self) -> IssueState:
        if self.finished_at:
            return IssueState.SENT
        if self.frozen_at:
            return IssueState.PAUSED if self.paused_at else IssueState.SENDING
        return IssueState.SCHEDULED if self.scheduled_for else IssueState.DRAFT


class IssueCase(Base):
    __tablename__ = "issue_case"
    __table_args__ = (UniqueConstraint("issue_id", "case_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)

    case: Mapped[Case] = relationship()


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
