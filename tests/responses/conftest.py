"""One sent issue, one member, two asks."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.clock import now
from app.db import Database
from app.links import Links
from app.responses.models import Response
from tests import personas
from tests.people import after_reading


@dataclass(frozen=True)
class Sent:
    delivery_id: int
    offer_id: int
    other_offer_id: int
    path: str  # of the first ask's page
    database: Database

    def rows(self) -> list[Response]:
        with self.database.reading() as session:
            return list(session.scalars(select(Response).order_by(Response.id)))

    def answers(self) -> list[str]:
        return [row.answer for row in self.rows()]


@pytest.fixture
def sent(database: Database, links: Links) -> Sent:
    with database.writing() as session:
        network = personas.network(session)
        personas.member(session, network, name="Ada Quillfeather")
        case = personas.case(session)
        asks = [personas.ask(session, case), personas.ask(session, case)]
        issue = personas.issue(session, network, asks)
        delivery = personas.delivered(session, issue, at=now() - timedelta(hours=1))[0]
        first, second = issue.offers
    path = links.answer_url(delivery.id, first.id).removeprefix(links.base_url)
    return Sent(delivery.id, first.id, second.id, path, database)


def post(client: FlaskClient, path: str, **values: str) -> TestResponse:
    """As a person does: open the page, read, and send its form with the values given."""
    links = client.application.extensions["docket"].links
    fields = after_reading(links, path.rpartition("/")[2], client.get(path).text)
    return client.post(path, data=fields | values)
