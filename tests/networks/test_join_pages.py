"""The public pages /join/<code> and /confirm/<token>."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.clock import now
from app.db import Database
from app.links import Links, Purpose
from app.networks.models import Invitation, Membership, Network
from app.staff.models import AuditEntry
from tests import personas
from tests.office import Office

FORM = {"email": "Zoé@Example.org", "name": "Zoé Quill", "profession": "lawyer"}


@pytest.fixture
def path(office: Office, client: FlaskClient, links: Links) -> str:
    """The page that the mail links to, after the form was filled in."""
    assert client.post("/join/legal", data=FORM).status_code == 200
    (invitation,) = office.invitations()
    return f"/confirm/{links.sign(Purpose.CONFIRM, invitation.id)}"


def change(database: Database, **values: object) -> None:
    with database.writing() as session:
        session.execute(update(Invitation).values(**values))


def test_the_join_page_shows_whose_it_is(office: Office, client: FlaskClient) -> None:
    for method in ("GET", "HEAD"):
        assert client.open("/join/legal", method=method).status_code == 200
    assert "Join Legal Network" in client.get("/join/legal").text
    assert office.invitations() == []


def test_asking_makes_an_invitation_and_no_member(office: Office, client: FlaskClient) -> None:
    page = client.post("/join/legal", data=FORM)
    assert "Now look into your mail" in page.text
    (invitation,) = office.invitations()
    assert (invitation.email, invitation.source) == ("Zoé@example.org", "join page")
    assert invitation.profile == {"name": "Zoé Quill", "profession": "lawyer", "smtputf8": True}
    assert office.current() == []
    assert [entry.action for entry in office.all_of(AuditEntry)] == ["invitation.asked_for"]


def test_the_page_does_not_tell_who_is_a_member(office: Office, client: FlaskClient) -> None:
    stranger = client.post("/join/legal", data={"email": "bo@example.org"})
    office.member(email="ada@example.org")
    member = client.post("/join/legal", data={"email": "ada@example.org"})
    asked_just_now = client.post("/join/legal", data={"email": "bo@example.org"})
    assert stranger.text == member.text == asked_just_now.text
    assert [invitation.email for invitation in office.invitations()] == ["bo@example.org"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": ""},
        {"email": "nobody"},
        {"email": "ada@example.org", "name": "x" * 201},
        {"email": "ada@example.org", "name": "Ada\nBcc: all@example.org"},
    ],
    ids=["nothing", "no address", "long name", "two lines"],
)
def test_a_form_filled_in_wrongly_is_shown_again(
    office: Office, client: FlaskClient, wrong: dict[str, str]
) -> None:
    page = client.post("/join/legal", data=wrong)
    assert page.status_code == 422
    assert "<form" in page.text
    assert office.invitations() == []


def test_a_network_that_is_closed_or_unknown_has_no_page(
    office: Office, client: FlaskClient, database: Database
) -> None:
    with database.writing() as session:
        session.get_one(Network, office.network.id).joining_open = False
    for address in ("/join/legal", "/join/nowhere"):
        assert client.get(address).status_code == 404
        assert client.post(address, data=FORM).status_code == 404
    assert office.invitations() == []


def test_opening_the_link_changes_nothing(office: Office, client: FlaskClient, path: str) -> None:
    for method in ("GET", "HEAD", "GET"):
        answer = client.open(path, method=method)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    assert "I want to receive the newsletter of Legal Network." in client.get(path).text
    assert (office.current(), office.invitations()[0].confirmed_at) == ([], None)


def test_posting_confirms_once(office: Office, client: FlaskClient, path: str) -> None:
    for _time in range(2):
        answer = client.post(path)
        assert (answer.status_code, "You are a member" in answer.text) == (200, True)
    assert "You are a member" in client.get(path).text
    assert office.current() == ["Zoé@example.org"]
    assert len(office.all_of(Membership)) == 1
    actions = [entry.action for entry in office.all_of(AuditEntry)]
    assert actions == ["invitation.asked_for", "membership.confirmed"]


def test_who_left_is_not_brought_back_by_the_old_link(
    office: Office, client: FlaskClient, path: str, database: Database
) -> None:
    client.post(path)
    with database.writing() as session:
        session.scalars(select(Membership)).one().ended_at = now()
    client.post(path)
    assert office.current() == []


def test_an_expired_link_confirms_nothing(
    office: Office, client: FlaskClient, path: str, database: Database
) -> None:
    change(database, expires_at=now() - timedelta(minutes=1))
    for method in ("GET", "POST"):
        answer = client.open(path, method=method)
        assert answer.status_code == 410
        assert "30 days" in answer.text
    assert office.current() == []


def test_a_link_confirmed_in_time_stays_good(
    office: Office, client: FlaskClient, path: str, database: Database
) -> None:
    client.post(path)
    change(database, expires_at=now() - timedelta(days=300))
    assert client.get(path).status_code == 200


def test_a_forgotten_invitation_is_gone(client: FlaskClient, office: Office, links: Links) -> None:
    assert client.post(f"/confirm/{links.sign(Purpose.CONFIRM, 4711)}").status_code == 410


def test_what_mail_programs_do_to_a_link_is_mended(
    office: Office, client: FlaskClient, path: str
) -> None:
    head, token = path[:9], path[9:]
    for broken in (token.upper(), token + ".", f"{token[:9]}%0A{token[9:]}", f"{token}%3E"):
        assert client.get(head + broken).status_code == 200
    assert client.post(head + token.upper()).status_code == 200
    assert office.current() == ["Zoé@example.org"]


def test_forged_and_mangled_links_are_told_apart(
    office: Office, client: FlaskClient, path: str, links: Links
) -> None:
    (invitation,) = office.invitations()
    other_purpose = links.sign(Purpose.UNSUBSCRIBE, invitation.id)
    for forged in (f"{invitation.id}.{'a' * 24}", other_purpose):
        for method in ("GET", "POST"):
            assert client.open(f"/confirm/{forged}", method=method).status_code == 404
    for mangled in ("x", path[9:-3], path[9:] + "zz", "a/b", "%00", "é" * 300):
        for method in ("GET", "POST"):
            assert client.open(f"/confirm/{mangled}", method=method).status_code == 400
    assert office.current() == []


def test_a_link_leads_into_its_own_network(
    office: Office, client: FlaskClient, path: str, database: Database
) -> None:
    with database.writing() as session:
        medical = personas.network(session, "medical")
    client.post("/join/medical", data=FORM)
    client.post(path)
    assert office.current() == ["Zoé@example.org"]
    assert Office(database, medical).current() == []
