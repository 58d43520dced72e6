"""A draft of a network with lawyers, a doctor and a case, and a coordinator before it."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.models import CatalogueAsk
from app.clock import now
from app.db import Database
from app.issues import blocks
from app.issues.models import Block, Issue
from app.media.models import Picture
from app.networks.models import Network
from app.staff.models import AuditEntry, Staff
from tests import personas
from tests.issues.desk import Desk

BODY = "The first line.\nThe second line.\nThe third line."


def write_draft(session: Session, network: Network | None = None, **values: Any) -> Issue:
    """A case with an ask for lawyers and one for doctors, then a text."""
    network = network or personas.network(session)
    for name in ("Ada Quill", "Bo Inkpen"):
        personas.member(session, network, name)
    doctor = personas.member(session, None, "Cy Marl")
    personas.membership(session, doctor, network, sector="medical")
    case = personas.case(session)
    asks = [
        personas.ask(session, case, "letter", sectors=["legal"]),
        personas.ask(session, case, "visit", sectors=["medical"], headline="Visit him."),
    ]
    issue = personas.issue(session, network, asks, **values)
    add_block(session, issue, "text", heading="Heading", body=BODY)
    return issue


def add_block(session: Session, issue: Issue, kind: str, **words: str) -> Block:
    """At the end, saying exactly this."""
    block = Block(kind=kind, position=len(issue.every_block))
    for name, text in words.items():
        block.words = block.words or {}
        blocks.say(block, name, issue.language, text)
    issue.every_block.append(block)
    session.flush()  # its fields are named after it
    return block


def add_picture(session: Session, network_id: int, **values: Any) -> Picture:
    """In the library of a network, with an alt text."""
    token = secrets.token_hex(16)
    words = {"name": "vigil", "alts": {"en": "Candles"}, "media_type": "image/jpeg"}
    file = {"width": 800, "height": 600, "size": 3, "content": b"jpg", "uploaded_at": now()}
    names = {"network_id": network_id, "token": token, "mark": token}
    picture = Picture(**names | words | file | values)
    session.add(picture)
    session.flush()  # others refer to its id
    return picture


def catalogue_ask(session: Session, sector: str, reference: str, **values: Any) -> CatalogueAsk:
    words = {"kind": "letter", "headline": f"{reference} for {{people}}", "why": "It is read."}
    times = {"created_at": now(), "updated_at": now()}
    entry = CatalogueAsk(sector=sector, reference=reference, **words | times | values)
    session.add(entry)
    session.flush()  # buttons name its id
    return entry


@pytest.fixture
def issue(session: Session) -> Issue:
    return write_draft(session)


@pytest.fixture
def somebody(session: Session) -> Staff:
    return personas.staff(session)


@pytest.fixture
def desk(client: FlaskClient, database: Database, sign_in: Callable[..., Staff]) -> Desk:
    """Opened by a coordinator of the draft's network."""
    with database.writing() as session:
        issue = write_draft(session)
    sign_in(client, "coordinator", [issue.network])
    return Desk(client, issue.id).open()


class Draft:
    """What the database holds of the one issue."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def issue(self) -> Issue:
        with self.database.reading() as session:
            issue = session.scalars(select(Issue).order_by(Issue.id)).first()
            assert issue is not None
            _loaded = [offer.ask.headline for offer in issue.offers], issue.cases, issue.network
            return issue

    @property
    def blocks(self) -> list[Block]:
        return self.issue.blocks

    @property
    def kinds(self) -> list[str]:
        return [block.kind for block in self.issue.blocks]

    @property
    def asks(self) -> list[str]:
        return [offer.ask.reference for offer in self.issue.offers]

    def said(self, number: int) -> dict[str, str]:
        return dict(self.issue.blocks[number].words.get(self.issue.language, {}))

    def change(self, do: Callable[[Session, Issue], object]) -> None:
        """Somebody else does this meanwhile."""
        with self.database.writing() as session:
            issue = session.scalars(select(Issue).order_by(Issue.id)).first()
            assert issue is not None
            do(session, issue)

    def audited(self) -> list[tuple[str, Any]]:
        with self.database.reading() as session:
            entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
            return [(entry.action, entry.detail) for entry in entries]


@pytest.fixture
def draft(database: Database) -> Draft:
    return Draft(database)
