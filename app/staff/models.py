"""Staff: who may do what, how they sign in, and what they did."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import NEVER_AGAIN, Base, Key
from app.networks.models import Network


class Role(StrEnum):
    ADMIN = "admin"  # everything
    COORDINATOR = "coordinator"  # composes and sends for named networks
    REVIEWER = "reviewer"  # reads reports; sees no addresses


class Staff(Base):
    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    timezone: Mapped[str | None]
    language: Mapped[str | None]  # of the pages; else what the browser asks for
    password_hash: Mapped[str | None]
    session_epoch: Mapped[int] = mapped_column(default=0)  # raised to end every session at once
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    networks: Mapped[list[Network]] = relationship(
        secondary="staff_network", order_by=Network.code, lazy="selectin"
    )

    # What Flask-Login asks of a user.
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        return self.closed_at is None

    def get_id(self) -> str:
        """What the session cookie holds; it stops to fit when the epoch is raised."""
        return f"{self.id}.{self.session_epoch}"


class StaffNetwork(Base):
    __tablename__ = "staff_network"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"), primary_key=True)


class SignInLink(Base):
    """A one-time link; spending it is a conditional UPDATE of `used_at`."""

    __tablename__ = "sign_in_link"
    __table_args__ = NEVER_AGAIN

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what to what, and when. `detail` holds counts and codes, never addresses."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # None: the command line
    action: Mapped[str]  # for example issue.sent
    subject_type: Mapped[str]
    subject_id: Mapped[int | None] = mapped_column(Key)
    detail: Mapped[dict[str, Any]]

    staff: Mapped[Staff | None] = relationship()
