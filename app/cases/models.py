"""Cases of people at risk, those to whom appeals go, and what members are asked to do."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Key


class CaseStatus(StrEnum):
    OPEN = "open"
    UPDATED = "updated"
    CLOSED = "closed"
    STOPPED = "stopped"  # word from the case team: nobody must act any more


class Sensitivity(StrEnum):
    PUBLIC = "public"
    RESTRICTED = "restricted"  # may be mailed to members, who are asked not to publish it
    CONFIDENTIAL = "confidential"  # must not be mailed


class AskKind(StrEnum):
    LETTER = "letter"
    EMAIL = "email"
    CALL = "call"
    STATEMENT = "statement"
    VISIT = "visit"
    PUBLISH = "publish"
    EXPERTISE = "expertise"
    COLLEAGUES = "colleagues"
    OTHER = "other"


class Case(Base):
    __tablename__ = "case"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    country: Mapped[str | None]  # ISO 3166-1 alpha-2
    place: Mapped[str] = mapped_column(default="")
    summary: Mapped[str]  # Markdown: what happened, in about three sentences
    background: Mapped[str] = mapped_column(default="")  # Markdown, for the case page
    wishes: Mapped[str] = mapped_column(default="")  # what the person wants, and does not want
    concerns: Mapped[list[str]]
    keywords: Mapped[list[str]]
    sectors: Mapped[list[str]]
    sensitivity: Mapped[str] = mapped_column(default=Sensitivity.PUBLIC.value)
    status: Mapped[str] = mapped_column(default=CaseStatus.OPEN.value)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    people: Mapped[list["CasePerson"]] = relationship(
        cascade="all, delete-orphan", order_by="CasePerson.position"
    )
    addressees: Mapped[list["Addressee"]] = relationship(
        cascade="all, delete-orphan", order_by="Addressee.position"
    )
    developments: Mapped[list["Development"]] = relationship(
        cascade="all, delete-orphan", order_by="Development.on.desc()"
    )
    asks: Mapped[list["Ask"]] = relationship(
        back_populates="case", cascade="all, delete-orphan", order_by="Ask.position"
    )


class CasePerson(Base):
    __tablename__ = "case_person"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    name: Mapped[str]
    occupation: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)


class Addressee(Base):
    """The official to whom appeals go."""

    __tablename__ = "addressee"
    __table_args__ = (UniqueConstraint("case_id", "reference"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    reference: Mapped[str]
    title: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    salutations: Mapped[dict[str, Any]]  # language -> salutation
    post: Mapped[str] = mapped_column(default="")
    fax: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    copies: Mapped[list[str]]
    position: Mapped[int] = mapped_column(default=0)


class Development(Base):
    __tablename__ = "development"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    on: Mapped[date]
    text: Mapped[str]


class Ask(Base):
    """One recommended action. An empty audience list means everybody."""

    __tablename__ = "ask"
    __table_args__ = (UniqueConstraint("case_id", "reference"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    reference: Mapped[str]
    kind: Mapped[str]
    headline: Mapped[str]  # the ask as one sentence
    why: Mapped[str]  # why this member, why now
    instructions: Mapped[str] = mapped_column(default="")  # Markdown
    model_text: Mapped[str] = mapped_column(default="")  # talking points or a model letter
    button: Mapped[str] = mapped_column(default="")  # "I have sent my letter"
    sectors: Mapped[list[str]]
    specialties: Mapped[list[str]]
    countries: Mapped[list[str]]
    languages: Mapped[list[str]]
    deadline: Mapped[date | None]
    withdrawn_at: Mapped[datetime | None]
    position: Mapped[int] = mapped_column(default=0)

    case: Mapped[Case] = relationship(back_populates="asks")
    addressees: Mapped[list[Addressee]] = relationship(
        secondary="ask_addressee", order_by=Addressee.position
    )


class AskAddressee(Base):
    __tablename__ = "ask_addressee"

    ask_id: Mapped[int] = mapped_column(ForeignKey("ask.id", ondelete="CASCADE"), primary_key=True)
    addressee_id: Mapped[int] = mapped_column(
        ForeignKey("addressee.id", ondelete="CASCADE"), primary_key=True
    )
