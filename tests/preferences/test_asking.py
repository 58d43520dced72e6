"""Asking for the link to one's preferences: who gets one, and that nobody learns who would."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update

from app.clock import now
from app.db import Database
from app.links import Links, Purpose
from app.networks import histories
from app.networks.models import Member, Membership
from app.notices.models import Notice
from app.preferences import asking
from tests import personas
from tests.preferences.conftest import ADA, Post, forged


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, without its values."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement.split(" SET ")[0])

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def test_the_link_is_mailed_to_the_member(client: FlaskClient, post: Post, ada: int) -> None:
    page = client.post("/preferences", data={"email": " ADA.Secret@example.org "})
    assert "look into your mail" in page.text
    assert "/preferences/" not in page.text
    (notice,), (mail,) = post.notices(), post.mails()
    assert (notice.kind, notice.sender, notice.recipient) == ("preferences", "", ADA)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["From"], mail["To"]) == ("Medical Network <medical@news.example.org>", ADA)
    assert "Secret" not in str(mail).replace(ADA, "")
    assert client.get(post.link(ADA, "/preferences/")).status_code == 200


def test_a_get_mails_nothing(client: FlaskClient, post: Post, ada: int) -> None:
    for method in ("GET", "HEAD"):
        assert client.open(f"/preferences?email={ADA}", method=method).status_code == 200
    assert post.notices() == []


@pytest.mark.parametrize("wrong", ["", "nobody", "a@b@c.example", "ada@example.org\nBcc: x@y.z"])
def test_what_is_no_address_is_said(client: FlaskClient, post: Post, wrong: str) -> None:
    assert client.post("/preferences", data={"email": wrong}).status_code == 422
    assert client.post("/preferences", data={"email": "x" * 1_000_000}).status_code == 422


def test_the_page_does_not_tell_who_is_a_member(
    app: Flask, client: FlaskClient, post: Post, ada: int
) -> None:
    """Neither by its words nor by what it does: it is the same statements either way."""
    said, did = [], []
    for address in (ADA, "nobody@example.org"):
        with statements(app.extensions["docket"].database) as seen:
            answer = client.post("/preferences", data={"email": address})
        said.append((answer.status_code, answer.text, sorted(answer.headers.keys())))
        did.append([one for one in seen if "SAVEPOINT" not in one])
    assert said[0] == said[1]
    assert did[0] == did[1]
    assert sum("INSERT INTO notice" in one for one in did[0]) == 1
    assert [notice.recipient for notice in post.notices()] == [ADA]


def test_nobodys_mailbox_is_filled(client: FlaskClient, post: Post, ada: int) -> None:
    pages = {client.post("/preferences", data={"email": ADA}).text for _ in range(9)}
    assert (len(pages), len(post.notices())) == (1, asking.MOST)
    with post.database.writing() as session:
        session.execute(update(Notice).values(created_at=now() - timedelta(hours=25)))
    client.post("/preferences", data={"email": ADA})
    assert len(post.notices()) == asking.MOST + 1


@pytest.mark.parametrize(
    ("reason", "mails"), [("complained", 0), ("staff", 0), ("bounced", 1), ("unsubscribed", 1)]
)
def test_who_wants_no_mail_gets_none(
    client: FlaskClient, post: Post, ada: int, reason: str, mails: int
) -> None:
    with post.database.writing() as session:
        histories.suppress(session, ADA, reason, "test", now())
    client.post("/preferences", data={"email": ADA})
    assert len(post.notices()) == mails


def test_who_left_everything_can_still_ask(client: FlaskClient, post: Post, ada: int) -> None:
    with post.database.writing() as session:
        session.execute(update(Membership).values(ended_at=now()))
    client.post("/preferences", data={"email": ADA})
    assert len(post.notices()) == 1


def test_without_any_network_nothing_breaks(client: FlaskClient, post: Post) -> None:
    assert client.post("/preferences", data={"email": ADA}).status_code == 200
    assert post.notices() == []


def test_an_address_beyond_ascii_can_be_written_to(client: FlaskClient, post: Post) -> None:
    with post.database.writing() as session:
        personas.member(session, personas.network(session), "Zoé", "zoé@example.org")
    client.post("/preferences", data={"email": "Zoé@example.org"})
    assert post.mails()[0]["To"] == "zoé@example.org"


def test_a_link_holds_for_a_day_and_opens_as_often_as_needed(
    client: FlaskClient, post: Post, path: str
) -> None:
    with post.database.writing() as session:
        session.execute(update(Notice).values(created_at=now() - timedelta(hours=23, minutes=59)))
    assert [client.get(path).status_code for _ in range(3)] == [200, 200, 200]
    with post.database.writing() as session:
        session.execute(update(Notice).values(created_at=now() - timedelta(hours=24)))
    for method in ("GET", "POST"):
        assert client.open(path, method=method, data={"do": "all"}).status_code == 410
    assert len(post.current()) == 2


def test_a_link_dies_with_the_address_it_was_mailed_to(
    client: FlaskClient, post: Post, path: str, ada: int
) -> None:
    with post.database.writing() as session:
        session.get_one(Member, ada).email = "new@example.org"
    assert client.get(path).status_code == 410


def test_forged_and_mangled_links_open_nothing(
    client: FlaskClient, post: Post, path: str, ada: int, links: Links
) -> None:
    with post.database.writing() as session:
        other = personas.member(session, personas.network(session, "media"))
    (notice,) = post.notices()
    for stranger in (forged(links, notice.id, other.id), forged(links, notice.id + 1, ada)):
        assert client.get(stranger).status_code == 410
    another = links.sign(Purpose.UNSUBSCRIBE, notice.id)
    body, _dot, signature = path.rpartition(".")
    for bad in (
        f"/preferences/{another}",
        f"{body}.{signature[::-1]}",
        f"{body[:-1]}9.{signature}",
    ):
        for method in ("GET", "POST"):
            assert client.open(bad, method=method, data={"do": "all"}).status_code == 404
    for bad in ("/preferences/x", path[:-2], path + "zz", "/preferences/%00"):
        assert client.get(bad).status_code == 400
    assert len(post.current()) == 3


def test_a_notice_of_another_kind_opens_nothing(client: FlaskClient, post: Post, path: str) -> None:
    with post.database.writing() as session:
        session.execute(update(Notice).values(kind="answer"))
    assert client.get(path).status_code == 410
