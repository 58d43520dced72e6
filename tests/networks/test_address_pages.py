"""What staff see of a member's address, and do about it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy import select

from app.clock import now
from app.db import Database
from app.inbound import leaving
from app.networks import histories
from app.networks.histories import Happened
from app.networks.models import AddressEvent, AddressEventKind, Membership, Network, Suppression
from app.notices.models import Notice
from app.preferences.models import AddressChange
from app.staff.models import AuditEntry, Staff
from tests import personas
from tests.office import Office

ADA = "ada@example.org"
NASTY = "550 <script>alert(1)</script> {{ 7 * 7 }}"


@pytest.fixture
def page(office: Office) -> str:
    return f"/networks/legal/members/{office.member('Ada Quill', ADA)}"


def happened(database: Database, *kinds: AddressEventKind, text: str = NASTY) -> None:
    with database.writing() as session:
        for kind in kinds:
            histories.note(session, ADA, Happened(kind, "smtp", "5.1.1", text), now())


def words(client: FlaskClient, page: str) -> str:
    return " ".join(BeautifulSoup(client.get(page).text, "html.parser").get_text(" ").split())


def is_suppressed(database: Database) -> bool:
    with database.reading() as session:
        return histories.is_suppressed(session, ADA)


def test_the_history_says_what_happened_in_the_servers_words_and_runs_none_of_them(
    client: FlaskClient, sign_in: Callable[..., Staff], database: Database, page: str
) -> None:
    sign_in(client)
    assert "Nothing speaks against it" in words(client, page)
    happened(database, AddressEventKind.HARD_BOUNCE, AddressEventKind.MAILBOX_FULL)
    said = words(client, page)
    assert f"5.1.1 {NASTY}" in said
    assert "the mailbox was full" in said
    assert "1 more hard bounce would stop mail." in said
    assert "<script>alert" not in client.get(page).text
    happened(database, AddressEventKind.HARD_BOUNCE, text="550 5.1.1 no such user")
    said = words(client, page)
    assert "5.1.1 550 5.1.1" not in said
    assert "550 5.1.1 no such user" in said
    assert "No mail goes to this address since" in said
    assert "mail came back too often" in said
    assert "would stop mail" not in said


def test_comings_and_goings_of_networks_of_others_are_not_shown(
    client: FlaskClient, sign_in: Callable[..., Staff], database: Database, page: str
) -> None:
    with database.writing() as session:
        legal = session.scalars(select(Network)).one()
        held = session.scalars(select(Membership)).one()
        medical = personas.membership(session, held.member, personas.network(session, "medical"))
        session.refresh(held.member)
        leaving.leave(session, medical, now(), "one-click")
        leaving.leave(session, held, now() + timedelta(seconds=1), "mail")
    sign_in(client, "coordinator", [legal])
    said = words(client, page)
    assert "left a mail that came in Legal Network" in said
    assert "Medical Network" not in said
    sign_in(client, "admin")
    assert "left the button of a mail program Medical Network" in words(client, page)


def test_a_coordinator_stops_mail_and_lets_it_go_again_with_a_reason(
    client: FlaskClient,
    sign_in: Callable[..., Staff],
    database: Database,
    page: str,
    office: Office,
) -> None:
    sign_in(client, "coordinator", [office.network])
    for what in ("suppress", "lift"):
        for why in ("", "x" * 1_000_000, "two\nlines"):
            assert client.post(f"{page}/{what}", data={"why": why}).status_code == 422
    assert not is_suppressed(database)
    for _time in range(2):
        client.post(f"{page}/suppress", data={"why": "a wrong ada@example.org"})
    assert is_suppressed(database)
    assert "a wrong ada@example.org" in words(client, page)
    client.post(f"{page}/lift", data={"why": "they telephoned"})
    assert not is_suppressed(database)
    assert "they telephoned" in words(client, page)
    trail = [(entry.action, entry.detail) for entry in office.all_of(AuditEntry)]
    assert trail == [("address.suppressed", {}), ("suppression.lifted", {})]


def test_only_an_administrator_lifts_what_a_complaint_stopped(
    client: FlaskClient,
    sign_in: Callable[..., Staff],
    database: Database,
    page: str,
    office: Office,
) -> None:
    happened(database, AddressEventKind.COMPLAINT)
    sign_in(client, "coordinator", [office.network])
    assert "Only an administrator" in words(client, page)
    assert client.post(f"{page}/lift", data={"why": "please"}).status_code == 409
    assert is_suppressed(database)
    sign_in(client, "admin")
    assert client.post(f"{page}/lift", data={"why": "by letter"}).status_code == 302
    assert not is_suppressed(database)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_coordinator_moves_no_member_of_networks_of_others_alone(
    client: FlaskClient,
    sign_in: Callable[..., Staff],
    database: Database,
    page: str,
    office: Office,
    elsewhere: bool,
) -> None:
    """The new mailbox opens the page on which all networks of a member stand."""
    if elsewhere:
        with database.writing() as session:
            held = session.scalars(select(Membership)).one()
            personas.membership(session, held.member, personas.network(session, "medical"))
    sign_in(client, "coordinator", [office.network])
    new = {"new_address": "mine@coordinator.example"}
    assert client.post(f"{page}/address", data=new).status_code == 302
    (change,) = office.all_of(AddressChange)
    assert (change.old_confirmed_at is None) is elsewhere
    asked = {notice.recipient for notice in office.all_of(Notice)}
    assert asked == {"mine@coordinator.example"} | ({ADA} if elsewhere else set())


def test_a_look_changes_nothing(
    client: FlaskClient, sign_in: Callable[..., Staff], page: str, office: Office
) -> None:
    sign_in(client)
    client.get(page)
    for what in ("suppress", "lift", "address"):
        assert client.get(f"{page}/{what}?why=x").status_code == 405
    assert (office.all_of(AddressEvent), office.all_of(Suppression)) == ([], [])


def test_members_who_get_no_mail_are_counted_and_listed(
    client: FlaskClient,
    sign_in: Callable[..., Staff],
    database: Database,
    page: str,
    office: Office,
) -> None:
    office.member("Bo Brook", "bo@example.org")
    sign_in(client)
    assert "gets no mail" not in words(client, "/networks/legal")
    with database.writing() as session:
        histories.suppress(session, ADA, "bounced", "mail", now())
        histories.suppress(session, "stranger@example.org", "bounced", "mail", now())
    assert "1 member gets no mail" in words(client, "/networks/legal")
    listed = words(client, "/networks/legal?standing=suppressed")
    assert "Ada Quill" in listed
    assert "Bo Brook" not in listed


def test_what_a_member_chose_is_seen(
    client: FlaskClient, sign_in: Callable[..., Staff], database: Database, page: str
) -> None:
    with database.writing() as session:
        held = session.scalars(select(Membership)).one()
        held.least_days, held.paused_until = 7, now() + timedelta(days=3)
    sign_in(client)
    said = words(client, page)
    assert "at most one newsletter in 7 days" in said
    assert "Pauses until" in said
