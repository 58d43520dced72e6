"""Robots that look leave nothing, robots that press are not counted, and no person is lost.

`bin/bench robots` does the same ten thousand times over HTTP.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.clock import now
from app.db import Database
from app.links import Links
from app.responses.models import Response
from app.responses.statements import sound
from tests import personas
from tests.people import seal_of_a_reader
from tests.zoo import people, robots
from tests.zoo.mail import Mail, Request

SENT_AT = datetime(2026, 3, 10, 9, tzinfo=UTC)
ASKS, MAILS = 4, 3
PAIRS = 150


@pytest.fixture
def mails(client: FlaskClient, database: Database, links: Links) -> dict[int, Mail]:
    """By the id of the delivery."""
    with time_machine.travel(SENT_AT, tick=False), database.writing() as session:
        network = personas.network(session)
        for _number in range(MAILS):
            personas.member(session, network)
        case = personas.case(session)
        issue = personas.issue(session, network, [personas.ask(session, case) for _ in range(ASKS)])
        deliveries = personas.delivered(session, issue)
        offers = [offer.id for offer in issue.offers]

    def path(url: str) -> str:
        return url.removeprefix(links.base_url)

    def door(request: Request) -> str:
        with time_machine.travel(SENT_AT + timedelta(seconds=request.after), tick=False):
            return client.open(
                request.path,
                method=request.method,
                data=request.fields,
                headers=request.headers,
                environ_base={"REMOTE_ADDR": f"192.0.2.{request.address}"},
            ).text

    return {
        one.id: Mail(
            [path(links.answer_url(one.id, offer)) for offer in offers],
            path(links.unsubscribe_url(one.id)),
            door,
            Random(one.id),
        )
        for one in deliveries
    }


def counted(database: Database, links: Links) -> dict[str, str]:
    """Path -> the answer that counts."""
    with database.reading() as session:
        rows = session.scalars(select(Response).where(sound()).order_by(Response.id)).all()
    return {
        links.answer_url(row.delivery_id, row.offer_id).removeprefix(links.base_url): row.answer
        for row in rows
    }


@pytest.mark.parametrize("story", robots.LOOKING, ids=lambda story: story.__name__)
def test_a_robot_that_looks_leaves_no_answer(
    story: robots.Story, mails: dict[int, Mail], database: Database
) -> None:
    for mail in mails.values():
        story(mail)
    with database.reading() as session:
        assert session.scalars(select(Response)).all() == []


@pytest.mark.parametrize("story", robots.SUBMITTING, ids=lambda story: story.__name__)
def test_a_robot_that_submits_is_kept_and_not_counted(
    story: robots.Story, mails: dict[int, Mail], database: Database, links: Links
) -> None:
    for mail in mails.values():
        story(mail)
    with database.reading() as session:
        doubted = session.scalars(select(Response).where(Response.suspect.is_not(None))).all()
    assert {row.delivery_id for row in doubted} == (
        set(mails) if story is not robots.cross_site else set()  # which is refused
    )
    said = {path: answer for mail in mails.values() for path, answer in mail.meant.items()}
    assert counted(database, links) == said


@pytest.mark.parametrize("story", [*people.PEOPLE, *people.HASTY], ids=lambda one: one.__name__)
def test_a_person_is_counted_and_hardly_ever_asked_again(
    story: people.Story, mails: dict[int, Mail], database: Database, links: Links
) -> None:
    for mail in mails.values():
        story(mail)
        assert mail.asked_again == (story in people.HASTY)
    said = {path: answer for mail in mails.values() for path, answer in mail.meant.items()}
    assert len(said) >= len(mails)
    assert counted(database, links) == said


def test_hundreds_of_double_posts_at_once_are_one_answer_each(
    app: Flask, database: Database, links: Links
) -> None:
    """`bin/bench robots` sends ten thousand."""
    with database.writing() as session:
        network = personas.network(session)
        for _number in range(PAIRS):
            personas.member(session, network)
        issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
        sent_at = now() - timedelta(hours=1)
        ids = [one.id for one in personas.delivered(session, issue, at=sent_at)]
        offer_id = issue.offers[0].id

    def post(fields: tuple[str, str]) -> str:
        path, seal = fields
        return app.test_client().post(path, data={"answer": "done", "seal": seal}).text

    paths = [links.answer_url(one, offer_id).removeprefix(links.base_url) for one in ids]
    taps = [(path, seal_of_a_reader(links, path)) for path in paths]
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(post, [tap for tap in taps for _time in range(2)]))
    assert all("Recorded" in page for page in pages)
    with database.reading() as session:
        rows = session.execute(select(Response.delivery_id, Response.suspect)).all()
    assert sorted(rows) == [(one, None) for one in sorted(ids)]
