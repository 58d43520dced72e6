"""Changes of address that wait for both ends to say yes."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import NEVER_AGAIN, Base, Key
from app.networks.models import Member, Network


class Outcome(StrEnum):
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"  # by the person, at either end or on their page
    REPLACED = "replaced"  # the person asked for another
    IMPOSSIBLE = "impossible"  # the new address is somebody else's, or wants no mail


class AddressChange(Base):
    """A member wants mail at another address: it moves when both ends have confirmed."""

    __tablename__ = "address_change"
    __table_args__ = (Index(None, "member_id"), NEVER_AGAIN)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))  # in whose name it is mailed
    email: Mapped[str]  # the new one
    email_key: Mapped[str]
    smtputf8: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str]  # page, staff
    created_at: Mapped[datetime]
    new_confirmed_at: Mapped[datetime | None]
    old_confirmed_at: Mapped[datetime | None]  # by staff, where the old mailbox is gone
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]

    member: Mapped[Member] = relationship()
    network: Mapped[Network] = relationship()
