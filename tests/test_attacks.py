"""What an attacker tried once, and must not try with success again."""

import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.clock import now
from app.db import Database
from app.example import load as load_example
from app.links import Forged, Links, Purpose
from app.networks import joining
from app.networks.addresses import check_address
from app.networks.inviting import confirmation
from app.networks.models import Member
from app.staff import signin
from app.staff.models import AuditEntry, SignInLink, Staff
from tests import personas
from tests.live import live
from tests.people import seal_of_a_reader


@pytest.mark.slow
def test_a_slow_line_holds_up_nobody_elses_answer(tmp_path: Path) -> None:
    with live(tmp_path / "data") as service:
        load_example(service.services)
        links, where = service.services.links, urlsplit(service.url)
        slow = []
        for _number in range(10):
            line = socket.create_connection((where.hostname, where.port))
            path = urlsplit(links.unsubscribe_url(1)).path
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n"
            head += "Content-Type: application/x-www-form-urlencoded\r\n\r\na"
            line.sendall(head.encode())
            slow.append(line)
        time.sleep(0.2)
        url = links.answer_url(2, 1)
        seal = seal_of_a_reader(links, url)
        with urllib.request.urlopen(
            url, data=f"answer=done&seal={seal}".encode(), timeout=10
        ) as answer:
            assert "Recorded" in answer.read().decode()
        for line in slow:
            line.close()


@pytest.mark.parametrize(
    "wanted", ["/%09/evil.example", "/%0d/evil.example", "/%20/x", "//evil.example", "/\\evil"]
)
def test_signing_in_leads_nowhere_else(
    client: FlaskClient, database: Database, wanted: str
) -> None:
    with database.writing() as session:
        somebody = personas.staff(session, "admin", email="p@d.example", email_key="p@d.example")
        signin.set_password(somebody, "a sentence nobody guesses")
    data = {"email": "p@d.example", "password": "a sentence nobody guesses"}
    answer = client.post(f"/sign-in?next={wanted}", data=data)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_new_password_spends_the_links_that_were_made_before(
    database: Database, links: Links
) -> None:
    with database.writing() as session:
        somebody = personas.staff(session)
        token = signin.new_link(session, links, somebody, now()).rpartition("/")[2]
        signin.set_password(somebody, "a sentence nobody guesses")
    with database.writing() as session:
        assert signin.spend_link(session, links, token, now()) is None
        assert session.scalars(select(SignInLink)).one().used_at is not None


def test_a_cookie_that_was_copied_ends_with_the_sign_out(
    client: FlaskClient, sign_in: Callable[..., Staff]
) -> None:
    sign_in(client)
    copied = client.get_cookie("docket", domain="docket.example.org")
    assert copied is not None
    assert client.get("/account").status_code == 200
    client.post("/sign-out")
    client.set_cookie("docket", copied.value, domain="docket.example.org")
    assert client.get("/account").status_code == 302


def test_the_message_id_of_a_confirmation_confirms_nothing(
    database: Database, links: Links
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        address = check_address("ada@example.org")
        invitation = joining.invite(session, network, address, {}, "join page", now())
        assert invitation is not None
        mail = confirmation(invitation, links, now())
    token = str(mail["Message-ID"]).strip("<>").partition("@")[0]
    with pytest.raises(Forged):
        links.read(Purpose.CONFIRM, token)


def test_a_line_break_of_any_kind_is_no_name(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        network = personas.network(session)
    sign_in(client)
    form = {
        "sector": "legal",
        "language": "en",
        "timezone": "UTC",
        "from_name": "L",
        "from_address": "l@d.example",
    }
    for char in "\u2028\x0b\x85\x1c":
        answer = client.post(f"/networks/{network.code}/edit", data=form | {"name": f"a{char}b"})
        assert answer.status_code == 422
    zero = client.post(f"/networks/{network.code}/edit", data=form | {"name": "a\0b"})
    assert zero.status_code == 400


def test_a_coordinator_learns_and_changes_nothing_of_another_networks_members(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        legal, media = personas.network(session), personas.network(session, "media")
        member = personas.member(session, legal, "Ada Quill", "ada@example.org", country="FR")
        member.memberships[0].notes = "do not phone"
    sign_in(client, "coordinator", [media])
    form = {"email": "ada@example.org", "name": "X", "sector": "media", "country": "DE"}
    added = client.post("/networks/media/members/new", data=form | {"consent_source": "a sheet"})
    assert added.status_code == 302
    shown = client.get(f"/networks/media/members/{member.id}")
    assert shown.status_code == 200
    assert "do not phone" not in shown.text
    with database.reading() as session:
        held = session.get_one(Member, member.id)
        assert (held.name, held.country) == ("Ada Quill", "FR")


@pytest.mark.parametrize(
    "path", ["/issues/99999999999999999999", "/networks/legal?page=999999999999999999999"]
)
def test_huge_numbers_are_no_crash(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff], path: str
) -> None:
    with database.writing() as session:
        personas.network(session)
    sign_in(client)
    assert client.get(path).status_code in (200, 404)


def test_a_crash_is_logged_without_its_words(
    client: FlaskClient,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = "Key (email_key)=(ada@example.org) already exists"

    def crash(*_arguments: object) -> None:
        raise ValueError(words)

    with database.writing() as session:
        personas.network(session)
    monkeypatch.setattr(joining, "invite", crash)
    answer = client.post("/join/legal", data={"email": "ada@example.org"})
    assert answer.status_code == 500
    assert "ValueError" in caplog.text
    assert "in crash" in caplog.text  # where it happened is told
    assert "ada@example.org" not in caplog.text + answer.text


def test_who_asks_often_is_mailed_once(client: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        personas.network(session)
    for _time in range(3):
        client.post("/join/legal", data={"email": "ada@example.org"})
    with database.reading() as session:
        asked = select(AuditEntry).where(AuditEntry.action == "invitation.asked_for")
        assert len(session.scalars(asked).all()) == 1
