"""Leaving by the link in a mail: for people, and for mail programs (RFC 8058)."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.clock import now
from app.db import Database
from app.links import Links
from app.networks.models import Membership
from tests import personas


@pytest.fixture
def path(database: Database, links: Links) -> str:
    with database.writing() as session:
        network = personas.network(session)
        member = personas.member(session, network)
        personas.membership(session, member, personas.network(session, "medical"))
        issue = personas.issue(session, network, [])
        delivery = personas.delivered(session, issue)[0]
    return links.unsubscribe_url(delivery.id).removeprefix(links.base_url)


def current(database: Database) -> list[str]:
    with database.reading() as session:
        held = session.scalars(select(Membership).where(Membership.ended_at.is_(None)))
        return sorted(membership.network.code for membership in held)


def test_a_get_changes_nothing(client: FlaskClient, database: Database, path: str) -> None:
    for method in ("GET", "HEAD"):
        assert client.open(path, method=method).status_code == 200
    assert current(database) == ["legal", "medical"]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_one_click_leaves_this_network_alone_in_both_encodings(
    client: FlaskClient, database: Database, path: str, content_type: str
) -> None:
    for _time in range(2):
        answer = client.post(
            path, data={"List-Unsubscribe": "One-Click"}, content_type=content_type
        )
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    assert current(database) == ["medical"]


def test_the_page_leaves_and_takes_it_back(
    client: FlaskClient, database: Database, path: str
) -> None:
    assert "You have left" in client.post(path).text
    assert current(database) == ["medical"]
    assert "member again" in client.post(path, data={"do": "stay"}).text
    assert current(database) == ["legal", "medical"]


def test_after_a_day_only_the_join_page_brings_back(
    client: FlaskClient, database: Database, path: str
) -> None:
    client.post(path)
    with database.writing() as session:
        left = session.scalars(select(Membership).where(Membership.ended_at.is_not(None))).one()
        left.ended_at = now() - timedelta(hours=25)
    client.post(path, data={"do": "stay"})
    assert current(database) == ["medical"]


def test_broken_links_say_what_to_do_instead(client: FlaskClient, path: str) -> None:
    assert client.get("/u/x").status_code == 400
    assert client.get("/u/1." + "a" * 24).status_code == 404
