"""One sent issue, one member, two asks."""

from dataclasses import dataclass

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.db import Database
from app.links import Links
from app.responses.models import Response
from tests import personas


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
        delivery = personas.delivered(session, issue)[0]
        first, second = issue.offers
    path = links.answer_url(delivery.id, first.id).removeprefix(links.base_url)
    return Sent(delivery.id, first.id, second.id, path, database)


def post(client: FlaskClient, path: str, **values: str) -> TestResponse:
    """As the page's own form would: with what it hides, under the values given."""
    page = BeautifulSoup(client.get(path).text, "html.parser")
    form = page.find("form", class_="answers") or page.find("form")
    assert form is not None
    hidden = {str(f["name"]): str(f["value"]) for f in form.find_all("input", type="hidden")}
    return client.post(path, data=hidden | values)
