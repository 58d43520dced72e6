"""The answer page before Flask: the same page, the same rows, the same limits, in less time."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from app.cases.models import Addressee, Ask, Case
from app.clock import now
from app.config import Settings
from app.db import Database
from app.links import Links
from app.responses import answering
from app.responses.drawing import KEPT, Own, Pages, Sight
from app.responses.models import Response, Visit
from app.responses.wsgi_routes import AnswerPage
from app.staff.models import Staff
from tests import personas
from tests.people import seal_of_a_reader
from tests.responses.conftest import Sent, post

COUNTED = ("X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After")


class Passed:
    """What went on to Flask."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        door: Any = app.wsgi_app
        assert isinstance(door, AnswerPage)
        self.paths: list[str] = []
        flask = door._flask

        def through(environ: dict[str, Any], start_response: Any) -> Any:
            self.paths.append(environ["PATH_INFO"])
            return flask(environ, start_response)

        monkeypatch.setattr(door, "_flask", through)


@pytest.fixture
def passed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Passed:
    return Passed(app, monkeypatch)


def unsealed(answer: TestResponse) -> str:
    return re.sub(r'name="seal" value="[^"]*"', "", answer.text)


def headers(answer: TestResponse) -> dict[str, str]:
    """Without what counts requests, and without the session that only Flask has looked at."""
    return {k: v for k, v in answer.headers.items() if k not in (*COUNTED, "Vary")}


def test_a_page_that_was_drawn_is_the_same_without_flask(
    client: FlaskClient, sent: Sent, passed: Passed
) -> None:
    drawn, again = client.get(sent.path), client.get(sent.path)
    assert passed.paths == [sent.path]
    assert unsealed(again) == unsealed(drawn)
    assert headers(again) == headers(drawn)
    assert set(COUNTED) <= set(again.headers.keys())


@pytest.mark.parametrize("said", ["done", "will_do", "could_not", "cannot", "already", "undone"])
def test_an_answer_is_recorded_alike_with_and_without_flask(
    client: FlaskClient, sent: Sent, passed: Passed, said: str
) -> None:
    pages = []
    for _time in range(2):
        post(client, sent.path, answer="will_do" if said != "will_do" else "done")
        passed.paths.clear()
        pages.append(post(client, sent.path, answer=said))
    assert passed.paths == []
    assert unsealed(pages[0]) == unsealed(pages[1])
    assert sent.answers()[1::2] == [said, said]
    columns = [column.name for column in Response.__table__.columns]
    first, second = ([getattr(row, name) for name in columns] for row in sent.rows()[1::2])
    differs = {name for name, a, b in zip(columns, first, second, strict=True) if a != b}
    assert differs == {"id", "recorded_at"}


def test_words_that_change_and_asks_that_stop_show_at_once(
    client: FlaskClient, sent: Sent, passed: Passed
) -> None:
    for _time in range(2):
        client.get(sent.path)
    passed.paths.clear()
    with sent.database.writing() as session:
        session.scalars(select(Case)).one().status = "stopped"
    assert "do not act" in client.get(sent.path).text
    assert post_button(client, sent.path, "x").status_code == 409
    with sent.database.writing() as session:
        session.scalars(select(Case)).one().status = "open"
        session.scalars(select(Addressee)).one().post = "2 Other Square"
    assert "2 Other Square" in client.get(sent.path).text
    with sent.database.writing() as session:
        for ask in session.scalars(select(Ask)):
            ask.headline = "Write to the Prime Minister."
    assert "Prime Minister" in client.get(sent.path).text
    with sent.database.writing() as session:
        for ask in session.scalars(select(Ask)):
            ask.withdrawn_at = now()
    assert "withdrawn" in client.get(sent.path).text
    assert sent.rows() == []


def post_button(client: FlaskClient, path: str, seal: str) -> TestResponse:
    return client.post(path, data={"seal": seal, "answer": "done"})


def test_what_one_member_said_shows_on_no_other_members_page(
    client: FlaskClient, database: Database, links: Links, sent: Sent
) -> None:
    with database.writing() as session:
        network = personas.network(session, "medical")
        personas.member(session, network)
        issue = personas.issue(session, network, [session.scalars(select(Ask)).first()])
        delivery = personas.delivered(session, issue, at=now() - timedelta(hours=1))[0]
        path = links.answer_url(delivery.id, issue.offers[0].id).removeprefix(links.base_url)
    post(client, sent.path, answer="done", detailed="1", letters="37", note="From chambers.")
    said = post(client, sent.path, answer="done")
    assert 'value="37"' in said.text
    assert "left a note" in said.text
    other = post(client, path, answer="done")
    assert "Recorded" in other.text
    assert 'value="37"' not in other.text
    assert "left a note" not in other.text


def test_the_same_tap_goes_through_once_however_often_and_on_whatever_way(
    app: Flask, client: FlaskClient, sent: Sent, passed: Passed, links: Links
) -> None:
    post(client, sent.path, answer="cannot")
    post(client, sent.path, answer="done")
    seal = seal_of_a_reader(links, sent.path)
    start = Barrier(8)
    passed.paths.clear()

    def tap(number: int) -> None:
        data = {"answer": "cannot", "seal": seal} | ({"detailed": "1"} if number % 2 else {})
        start.wait()
        app.test_client().post(sent.path, data=data)

    threads = [Thread(target=tap, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed.paths) == 4  # those with details
    assert sent.answers() == ["cannot", "done", "cannot"]


def test_people_who_answer_at_the_same_moment_are_all_recorded(
    app: Flask, database: Database, links: Links, passed: Passed
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        for _number in range(9):
            personas.member(session, network)
        issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
        sent_at = now() - timedelta(hours=1)
        ids = [one.id for one in personas.delivered(session, issue, at=sent_at)]
        offer_id = issue.offers[0].id
    paths = [links.answer_url(one, offer_id).removeprefix(links.base_url) for one in ids]
    post(app.test_client(), paths[0], answer="done")
    passed.paths.clear()
    start = Barrier(8)

    def answer(path: str) -> None:
        start.wait()
        seal = seal_of_a_reader(links, path)
        assert "Recorded" in post_button(app.test_client(), path, seal).text

    threads = [Thread(target=answer, args=(path,)) for path in paths[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.paths == []
    with database.reading() as session:
        assert sorted(session.scalars(select(Response.delivery_id))) == sorted(ids)


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    return replace(settings, **getattr(request, "param", {}))


@pytest.mark.parametrize("settings", [{"public_limit": "4 per minute"}], indirect=True)
def test_both_ways_count_towards_one_limit(client: FlaskClient, sent: Sent, passed: Passed) -> None:
    left = [client.get(sent.path).headers["X-RateLimit-Remaining"] for _time in range(3)]
    assert left == ["3", "2", "1"]
    assert client.get(sent.path.upper()).status_code == 200  # goes by Flask
    assert client.get(sent.path).status_code == 429
    assert post_button(client, sent.path, "x").status_code == 429
    assert client.get(sent.path, environ_base={"REMOTE_ADDR": "192.0.2.9"}).status_code == 200


def test_who_is_signed_in_sees_the_page_that_everybody_sees(
    client: FlaskClient, sent: Sent, sign_in: Callable[..., Staff]
) -> None:
    post(client, sent.path, answer="done")
    before = client.get(sent.path)
    somebody = sign_in(client)
    with sent.database.writing() as session:
        session.merge(somebody).timezone = "Pacific/Kiritimati"
    assert unsealed(client.get(sent.path)) == unsealed(before)


def test_a_failure_goes_on_to_the_view_and_is_told_without_its_words(
    client: FlaskClient,
    sent: Sent,
    passed: Passed,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    post(client, sent.path, answer="done")
    find, calls = answering.find, []

    def broken(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) % 2:
            raise ValueError("Key (email)=(ada@example.org)")
        return find(*arguments)

    monkeypatch.setattr(answering, "find", broken)
    passed.paths.clear()
    assert client.get(sent.path).status_code == 200
    assert post(client, sent.path, answer="cannot").status_code == 200
    assert len(passed.paths) == 3
    assert sent.answers() == ["done", "cannot"]
    assert "ada@" not in caplog.text


def test_a_connection_that_was_lost_heals(
    client: FlaskClient, database: Database, sent: Sent, database_kind: str
) -> None:
    for _time in range(2):
        post(client, sent.path, answer="done")
    end_all = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    for said in ("cannot", "done"):
        if database_kind == "postgresql":
            database.close()  # so that no test after this one is given a connection that is gone
            with database.writing() as session:
                session.execute(end_all)
        assert post(client, sent.path, answer=said).status_code == 200
    assert sent.answers() == ["done", "cannot", "done"]


def test_a_visit_is_noted_without_flask_too(
    client: FlaskClient, sent: Sent, passed: Passed
) -> None:
    client.get(sent.path)
    with sent.database.writing() as session:
        session.execute(Visit.__table__.delete())
    passed.paths.clear()
    client.get(sent.path, headers={"Sec-Purpose": "prefetch"})
    for _time in range(2):
        client.get(sent.path)
    assert passed.paths == []
    with sent.database.reading() as session:
        assert len(session.scalars(select(Visit)).all()) == 1


def test_pages_take_a_bounded_place(app: Flask) -> None:
    pages = Pages()
    content = answering.Content("letter", "A", "B", "", "", "", None, "C", "", "[]")
    plain = Sight("en", "", False, content, None, None, False, answering.Details())
    sights = [
        plain._replace(content=content._replace(headline=str(number))) for number in range(KEPT + 3)
    ]
    with app.test_request_context("/"):
        for sight in sights:
            pages.draw(sight, Own("x", "y", "z"))
    assert pages.get(sights[2], Own("x", "y", "z")) is None
    page = pages.get(sights[3], Own("a seal", "1.1.token", "c+copy@news.example.org"))
    assert page is not None
    assert page.count(b'value="a seal"') == 2
    assert page.count(b'action="/letter/1.1.token"') == 1
