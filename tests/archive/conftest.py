"""An issue that went out, with asks for everybody and for some, frozen as a worker does it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.clock import now
from app.db import Database
from app.delivery import preparing
from app.issues.composing import House
from app.issues.models import Archived, Block, BlockKind, Issue
from app.links import Links
from app.staff.models import Staff
from tests import personas

HOUSE = House("https://docket.example.org", takes_mail=True)
ABROAD = "![a chart](https://elsewhere.example/chart.png)"


@dataclass(frozen=True)
class Archive:
    issue_id: int
    case_id: int
    other_id: int  # the second case
    path: str
    by_link: str
    database: Database

    def open_to(self, who: Archived) -> None:
        with self.database.writing() as session:
            session.get_one(Issue, self.issue_id).archive = who.value

    def change_case(self, **values: Any) -> None:
        with self.database.writing() as session:
            case = session.get_one(Case, self.case_id)
            for name, value in values.items():
                setattr(case, name, value)


def frozen(session: Session, issue: Issue, house: House = HOUSE) -> None:
    assert preparing.schedule(session, issue, now(), None, now())
    session.flush()  # freezing reads the issue from the database
    assert preparing.freeze(session, issue.id, now(), house)


@pytest.fixture
def archive(database: Database, links: Links) -> Archive:
    with database.writing() as session:
        network = personas.network(session, from_name="Ilse Marrow")
        personas.member(session, network, "Ada Quill")
        case = personas.case(session)
        personas.ask(session, case, instructions=f"Be brief.\n\n{ABROAD}")
        personas.ask(session, case, headline="Examine her.", sectors=["medical"])
        personas.ask(session, case, headline="Ask your minister.", countries=["FR"])
        other = personas.case(session, title="Osk Venn", people=[], summary="A printer.")
        personas.ask(session, other, headline="Call the prosecutor.")
        issue = personas.issue(session, network, [*case.asks, *other.asks])
        words = {"en": {"heading": "Good news", "body": "Lena Ilmari is **free**."}}
        issue.every_block.append(Block(kind=BlockKind.NEWS, words=words, position=9))
        session.flush()  # the block's id is its key
        frozen(session, issue)
        path = f"/archive/legal/{issue.id}"
        by_link = links.archive_url(issue.id).removeprefix(links.base_url)
        ids = issue.id, case.id, other.id
    return Archive(*ids, path, by_link, database)


@pytest.fixture
def editor(
    client: FlaskClient, archive: Archive, database: Database, sign_in: Callable[..., Staff]
) -> FlaskClient:
    """A coordinator of the network."""
    with database.reading() as session:
        network = session.get_one(Issue, archive.issue_id).network
    sign_in(client, "coordinator", [network])
    return client
