"""Visits are written by whoever finds the pen free, and keep no page waiting."""

from threading import Event, Thread

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import direct
from app.clock import now
from app.db import Database
from app.links import Links
from app.responses import answering
from app.responses.models import Visit
from app.responses.visiting import WAITING, Visits
from tests.responses.conftest import Sent


def noted(database: Database) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(Visit.offer_id).order_by(Visit.id)))


def other_path(sent: Sent, links: Links) -> str:
    return links.answer_url(sent.delivery_id, sent.other_offer_id).removeprefix(links.base_url)


def test_a_page_is_shown_while_others_write_and_its_visit_is_noted_later(
    client: FlaskClient,
    sent: Sent,
    links: Links,
    database_kind: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    monkeypatch.setattr(direct, "HURRY", 0.001)
    with sent.database.writing() as session:
        session.execute(Visit.__table__.delete())
        assert client.get(sent.path).status_code == 200
    assert noted(sent.database) == []
    assert "visits wait: OperationalError" in caplog.text
    client.get(other_path(sent, links))
    assert noted(sent.database) == [sent.offer_id, sent.other_offer_id]


def test_who_comes_while_another_writes_leaves_the_visit_to_that_one(
    database: Database, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits, note = Visits(database), answering.note_visits
    writes, begun, go_on = [], Event(), Event()

    def slow(connection: object, some: list[tuple[answering.Ids, object]]) -> None:
        writes.append([ids for ids, _at in some])
        begun.set()
        assert go_on.wait(30)
        note(connection, some)  # type: ignore[arg-type]

    monkeypatch.setattr(answering, "note_visits", slow)
    first = (sent.delivery_id, sent.offer_id)
    second = (sent.delivery_id, sent.other_offer_id)
    writer = Thread(target=visits.note, args=(first, now()))
    writer.start()
    assert begun.wait(30)
    visits.note(second, now())  # returns at once: nobody has been told to go on
    go_on.set()
    writer.join()
    with visits._pen:  # the thread that took it over has put it down
        assert writes == [[first], [second]]
    assert noted(database) == [sent.offer_id, sent.other_offer_id]


def test_a_visit_of_what_is_gone_is_dropped_and_stops_no_other(
    database: Database, sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    visits = Visits(database)
    visits.note((sent.delivery_id, 10**9), now())  # an ask that is not there
    visits.note((sent.delivery_id, sent.offer_id), now())
    assert noted(database) == [sent.offer_id]
    assert "a visit was not noted" in caplog.text


def test_so_many_wait_and_no_more(database: Database) -> None:
    visits = Visits(database)
    with visits._pen:
        for number in range(WAITING + 5):
            visits.note((number, 1), now())
    assert len(visits._waiting) == WAITING
