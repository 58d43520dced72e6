"""An issue that went out to three members: one got it, one's mail failed, one's came back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.archive import keeping
from app.cases.models import Case
from app.clock import now
from app.db import Database
from app.delivery.models import Delivery
from app.issues.models import Issue
from app.networks.models import Network, Suppression
from tests import personas


@dataclass(frozen=True)
class Mailed:
    """Ids. Deliveries in the order of the members' names."""

    issue_id: int
    got: int
    failed: int
    back: int
    first_offer: int
    second_offer: int
    database: Database

    def issue(self, session: Session) -> Issue:
        return session.get_one(Issue, self.issue_id)


def sent(session: Session, network: Network, cases: list[Case], **words: Any) -> Issue:
    """As a worker freezes and sends it, with its words of that day."""
    issue = personas.issue(session, network, [ask for case in cases for ask in case.asks], **words)
    keeping.keep(session, issue, now())
    personas.delivered(session, issue)
    return issue


def delivery_of(session: Session, issue: Issue, name: str) -> Delivery:
    rows = session.scalars(select(Delivery).where(Delivery.issue_id == issue.id))
    return next(row for row in rows if row.member.name == name)


@pytest.fixture
def mailed(database: Database) -> Mailed:
    with database.writing() as session:
        network = personas.network(session, postal_address="1 Harbour Lane\nPort Halden")
        for name in ("Ada Quill", "Bo Inkpen", "Cy Marrow"):
            personas.member(session, network, name)
        case = personas.case(session)
        personas.ask(session, case)
        personas.ask(session, case, headline="Tell a colleague.", kind="colleagues", button="")
        issue = sent(session, network, [case])
        got, failed, back = (
            delivery_of(session, issue, name) for name in ("Ada Quill", "Bo Inkpen", "Cy Marrow")
        )
        personas.resettle(session, failed, "failed")
        personas.resettle(session, back, "bounced")
        offers = [offer.id for offer in issue.offers]
        return Mailed(issue.id, got.id, failed.id, back.id, *offers, database)


@pytest.fixture
def editor(
    client: FlaskClient, mailed: Mailed, sign_in: Callable[..., Any], database: Database
) -> FlaskClient:
    with database.reading() as session:
        network = mailed.issue(session).network
    sign_in(client, "coordinator", [network])
    return client


def suppress(session: Session, delivery: Delivery, reason: str = "bounced") -> None:
    key = delivery.member.email_key
    session.add(Suppression(email_key=key, reason=reason, created_at=now()))
    session.flush()  # others read it by set-based statements
