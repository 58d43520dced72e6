"""Signing in by password and by one-time link, and sessions that end."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.clock import now
from app.db import Database
from app.errors import InvalidInput
from app.links import Links
from app.staff import signin
from app.staff.models import AuditEntry, SignInLink, Staff
from tests import personas

SITE = "https://docket.example.org"
PASSWORD = "a sentence nobody guesses"


@pytest.fixture
def petra(database: Database) -> Staff:
    with database.writing() as session:
        somebody = personas.staff(session, "admin", email="p@d.example", email_key="p@d.example")
        signin.set_password(somebody, PASSWORD)
    return somebody


def enter(client: FlaskClient, password: str, path: str = "/sign-in") -> TestResponse:
    data = {"email": "P@d.example", "password": password}
    return client.post(path, data=data, base_url=SITE)


def is_in(client: FlaskClient) -> bool:
    return client.get("/account", base_url=SITE).status_code == 200


def test_the_right_password_lets_in_and_the_wrong_one_does_not(
    client: FlaskClient, petra: Staff
) -> None:
    assert enter(client, "wrong wrong wrong").status_code == 401
    assert not is_in(client)
    assert enter(client, PASSWORD).headers["Location"] == "/"
    assert is_in(client)


def test_a_session_cookie_is_out_of_reach_for_scripts_and_other_sites(
    client: FlaskClient, petra: Staff
) -> None:
    cookie = enter(client, PASSWORD).headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/cases/", "/cases/"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_signing_in_leads_back_but_never_away(
    client: FlaskClient, petra: Staff, wanted: str, led: str
) -> None:
    assert enter(client, PASSWORD, f"/sign-in?next={wanted}").headers["Location"] == led


def test_a_link_is_spent_by_a_post_once(
    client: FlaskClient, database: Database, links: Links, petra: Staff
) -> None:
    with database.writing() as session:
        path = signin.new_link(session, links, petra, now()).removeprefix(links.base_url)
    for _time in range(2):
        assert client.get(path, base_url=SITE).status_code == 200  # looking spends nothing
    assert client.post(path, base_url=SITE).status_code == 302
    assert is_in(client)
    client.post("/sign-out", base_url=SITE)
    assert client.post(path, base_url=SITE).status_code == 410
    assert not is_in(client)


def test_a_link_is_too_old_after_a_day(database: Database, links: Links, petra: Staff) -> None:
    with database.writing() as session:
        token = signin.new_link(session, links, petra, now()).rpartition("/")[2]
        link = session.scalars(select(SignInLink)).one()
        link.expires_at = now() - timedelta(seconds=1)
    with database.writing() as session:
        assert signin.spend_link(session, links, token, now()) is None


def test_a_changed_password_ends_every_other_session(
    app: object, client: FlaskClient, petra: Staff
) -> None:
    enter(client, PASSWORD)
    other = client.application.test_client()
    enter(other, PASSWORD)
    data = {"current": PASSWORD, "new": "another sentence nobody guesses"}
    assert client.post("/account/password", data=data, base_url=SITE).status_code == 302
    assert is_in(client)
    assert not is_in(other)


def test_a_password_is_not_changed_without_the_current_one(
    client: FlaskClient, petra: Staff
) -> None:
    enter(client, PASSWORD)
    for data in ({"current": "no", "new": "another sentence nobody guesses"}, {"new": "short"}):
        assert client.post("/account/password", data=data, base_url=SITE).status_code == 422
    client.post("/sign-out", base_url=SITE)
    assert enter(client, PASSWORD).status_code == 302


def test_who_is_closed_is_out_at_once(
    client: FlaskClient, database: Database, petra: Staff, sign_in: Callable[..., Staff]
) -> None:
    enter(client, PASSWORD)
    with database.writing() as session:
        session.get_one(Staff, petra.id).closed_at = now()
    assert not is_in(client)
    assert enter(client, PASSWORD).status_code == 401


def test_the_only_admin_stays(client: FlaskClient, petra: Staff) -> None:
    enter(client, PASSWORD)
    assert client.post(f"/staff/{petra.id}/close", base_url=SITE).status_code == 409
    change = {"name": "Petra", "role": "reviewer"}
    assert client.post(f"/staff/{petra.id}", data=change, base_url=SITE).status_code == 409


def test_what_staff_do_is_on_record_without_addresses(
    client: FlaskClient, database: Database, petra: Staff
) -> None:
    enter(client, PASSWORD)
    new = {"email": "bo@d.example", "name": "Bo", "role": "reviewer"}
    assert "/sign-in/" in client.post("/staff/new", data=new, base_url=SITE).text
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == ["staff.signed_in", "staff.added"]
    assert "@" not in str([entry.detail for entry in entries])
    assert "staff.added" in client.get("/audit", base_url=SITE).text


def test_a_short_password_is_refused(petra: Staff) -> None:
    with pytest.raises(InvalidInput):
        signin.set_password(petra, "too short")


def test_staff_add_prints_a_link_that_lets_in(
    runner: Callable[..., object], client: FlaskClient
) -> None:
    ran = runner("staff", "add", "new@d.example", "--name", "New", "--role", "admin")
    link = ran.stdout.split()[-1]  # type: ignore[attr-defined]
    assert client.post(link.removeprefix(SITE), base_url=SITE).status_code == 302
    assert is_in(client)
    again = runner("staff", "add", "NEW@d.example", "--name", "New", "--role", "admin")
    assert (again.exit_code, again.stdout) == (2, "")  # type: ignore[attr-defined]
    lonely = runner("staff", "add", "c@d.example", "--name", "C", "--role", "coordinator")
    assert lonely.exit_code == 2  # type: ignore[attr-defined]


def test_a_part_of_a_page_whose_session_ended_makes_the_page_ask_for_a_sign_in(
    client: FlaskClient,
) -> None:
    part = client.get("/sending/now", base_url=SITE, headers={"HX-Request": "true"})
    whole = client.get("/sending/", base_url=SITE)
    assert (part.status_code, part.headers["HX-Refresh"], part.text) == (204, "true", "")
    assert (whole.status_code, "HX-Refresh" in whole.headers) == (302, False)
