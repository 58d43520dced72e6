"""A change of address: both ends confirm, nobody learns of others, and nobody can do it alone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.clock import now
from app.links import Links, Purpose
from app.networks import histories
from app.networks.models import AddressEvent, Member, Suppression
from app.preferences import changing
from app.preferences.models import AddressChange
from app.staff.models import AuditEntry, Staff
from tests import personas
from tests.delivery.cast import in_threads
from tests.preferences.conftest import ADA, Post, press

NEW = "ada@new.example"
YES = {"do": "confirm"}


@pytest.fixture
def ends(client: FlaskClient, post: Post, path: str) -> dict[str, str]:
    """The pages that the two mails lead to."""
    assert press(client, path, "address", email=NEW).status_code == 200
    return {"new": post.link(NEW, "/address/new/"), "old": post.link(ADA, "/address/old/")}


def address(post: Post, member_id: int) -> str:
    return post.member(member_id).email


@pytest.mark.parametrize("order", [("new", "old"), ("old", "new")])
def test_mail_moves_when_both_ends_have_confirmed(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str], order: tuple[str, str]
) -> None:
    first, last = order
    assert "Confirmed here" in client.post(ends[first], data=YES).text
    assert address(post, ada) == ADA
    assert "is changed" in client.post(ends[last], data=YES).text
    moved = post.member(ada)
    assert (moved.email, moved.email_key, moved.smtputf8) == (NEW, NEW, False)
    assert "address was changed" in post.mails(ADA)[-1]["Subject"]
    assert NEW not in str(post.mails(ADA)[-1])
    told = [(e.email_key, e.kind, e.text) for e in post.all_of(AddressEvent)]
    assert told == [(ADA, "changed", "from here"), (NEW, "changed", "to here")]
    assert {e.source for e in post.all_of(AddressEvent)} == {"preferences"}


def test_looking_at_the_pages_changes_nothing(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str]
) -> None:
    for link in ends.values():
        for method in ("GET", "HEAD"):
            assert client.open(f"{link}?do=confirm", method=method).status_code == 200
        page = client.get(link).text
        assert not [word for word in ("Secret", "secret@", NEW) if word in page]
    (change,) = post.all_of(AddressChange)
    assert (change.new_confirmed_at, change.old_confirmed_at) == (None, None)


@pytest.mark.parametrize("end", ["new", "old"])
def test_one_end_alone_moves_nothing_however_often_it_confirms(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str], end: str
) -> None:
    for _time in range(3):
        client.post(ends[end], data=YES)
    assert address(post, ada) == ADA


def test_a_post_that_says_nothing_confirms_nothing(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str]
) -> None:
    for link in ends.values():
        client.post(link)
        client.post(link, data=YES, headers={"Sec-Fetch-Site": "cross-site"})
    (change,) = post.all_of(AddressChange)
    assert (change.new_confirmed_at, change.old_confirmed_at) == (None, None)


@pytest.mark.parametrize("end", ["new", "old"])
def test_either_end_can_say_that_it_was_not_them(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str], end: str
) -> None:
    assert "Nothing is changed" in client.post(ends[end], data={"do": "withdraw"}).text
    for link in ends.values():
        client.post(link, data=YES)
    assert address(post, ada) == ADA


def test_it_is_taken_back_on_the_members_page(
    client: FlaskClient, post: Post, ada: int, path: str, ends: dict[str, str]
) -> None:
    assert "new address: waits" in client.get(path).text
    press(client, path, "withdraw")
    assert "waits" not in client.get(path).text
    for link in ends.values():
        assert client.post(link, data=YES).status_code == 409
    assert address(post, ada) == ADA


def test_after_seven_days_nothing_moves(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str]
) -> None:
    client.post(ends["old"], data=YES)
    with post.database.writing() as session:
        session.execute(update(AddressChange).values(created_at=now() - timedelta(days=7)))
    for method in ("GET", "POST"):
        assert client.open(ends["new"], method=method, data=YES).status_code == 410
    assert address(post, ada) == ADA


def test_asking_anew_ends_what_was_asked_before(
    client: FlaskClient, post: Post, ada: int, path: str, ends: dict[str, str]
) -> None:
    press(client, path, "address", email="ada@third.example")
    for link in ends.values():
        client.post(link, data=YES)
    assert address(post, ada) == ADA
    client.post(post.link("ada@third.example", "/address/new/"), data=YES)
    client.post(post.link(ADA, "/address/old/"), data=YES)
    assert address(post, ada) == "ada@third.example"


def test_the_confirmation_of_one_change_does_not_do_for_another(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str], links: Links
) -> None:
    """Whoever owns the new mailbox cannot press for the old one, by any link that they have."""
    token = ends["new"].rpartition("/")[2]
    (change,) = post.all_of(AddressChange)
    for forged in (
        f"/address/old/{token}",
        f"/address/old/{links.sign(Purpose.ADDRESS_NEW, change.id)}",
        f"/address/old/{links.sign(Purpose.PREFERENCES, change.id)}",
        f"/address/old/{change.id}.{'a' * 24}",
    ):
        assert client.post(forged, data=YES).status_code == 404
    assert client.post("/address/old/x", data=YES).status_code == 400
    assert client.post("/address/middle/x", data=YES).status_code == 404
    gone = links.sign(Purpose.ADDRESS_OLD, change.id + 1)
    assert client.post(f"/address/old/{gone}", data=YES).status_code == 410
    client.post(ends["new"], data=YES)
    assert address(post, ada) == ADA


def test_the_asker_does_not_learn_whose_the_new_address_is(
    client: FlaskClient, post: Post, ada: int, path: str
) -> None:
    with post.database.writing() as session:
        bo = personas.member(session, personas.network(session, "media"), "Bo", "bo@example.org")
        histories.suppress(session, "gone@example.org", "complained", "test", now())
    pages = []
    for email in ("free@example.org", "bo@example.org", "gone@example.org"):
        answer = press(client, path, "address", email=email)
        pages.append((answer.status_code, answer.text.count("confirmed"), len(post.mails(ADA))))
    assert [page[:2] for page in pages] == [pages[0][:2]] * 3
    assert [page[2] for page in pages] == [2, 3, 4]
    assert "/address/new/" in str(post.mails("free@example.org")[0])
    (told,) = post.mails("bo@example.org")
    assert "nothing was changed" in told.get_content()
    assert "/address/" not in told.get_content()
    assert post.mails("gone@example.org") == []
    client.post(post.link(ADA, "/address/old/"), data=YES)
    assert (address(post, ada), address(post, bo.id)) == (ADA, "bo@example.org")


def test_an_address_that_was_taken_meanwhile_stays_whose_it_is(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str]
) -> None:
    client.post(ends["old"], data=YES)
    with post.database.writing() as session:
        personas.member(session, personas.network(session, "media"), "Bo Brook", NEW)
    answer = client.post(ends["new"], data=YES)
    assert answer.status_code == 409
    assert "could not be changed" in answer.text
    assert "Bo" not in answer.text
    assert address(post, ada) == ADA


def test_an_address_that_complained_meanwhile_is_not_moved_to(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str]
) -> None:
    with post.database.writing() as session:
        histories.suppress(session, NEW, "complained", "test", now())
    for link in ends.values():
        client.post(link, data=YES)
    assert address(post, ada) == ADA


def test_a_new_mailbox_that_once_bounced_has_just_shown_that_it_works(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str]
) -> None:
    with post.database.writing() as session:
        histories.suppress(session, NEW, "bounced", "test", now())
        histories.suppress(session, ADA, "bounced", "test", now())
    for link in ends.values():
        client.post(link, data=YES)
    assert address(post, ada) == NEW
    standing = [s.email_key for s in post.all_of(Suppression) if s.lifted_at is None]
    assert standing == [ADA]
    assert "was changed" not in post.mails(ADA)[-1]["Subject"]  # nobody reads it there


@pytest.mark.parametrize(
    ("email", "status"), [(ADA.upper(), 409), ("nobody", 422), ("", 422), ("a@b\nc.example", 422)]
)
def test_an_address_that_will_not_do_is_said_at_once(
    client: FlaskClient, post: Post, path: str, email: str, status: int
) -> None:
    assert press(client, path, "address", email=email).status_code == status
    assert post.all_of(AddressChange) == []


def test_nobody_has_strangers_mailed_all_day(client: FlaskClient, post: Post, path: str) -> None:
    said = [press(client, path, "address", email=f"n{n}@new.example") for n in range(5)]
    assert [answer.status_code for answer in said] == [200] * changing.MOST + [409] * 2
    assert len(post.all_of(AddressChange)) == changing.MOST


def test_no_trail_names_an_address(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str]
) -> None:
    for link in ends.values():
        client.post(link, data=YES)
    trail = [(entry.action, str(entry.detail)) for entry in post.all_of(AuditEntry)]
    assert [action for action, _detail in trail] == [
        "address.change_asked_for",
        "address.change_changed",
    ]
    assert "@" not in str(trail)


def test_staff_stand_in_for_a_mailbox_that_is_gone(
    client: FlaskClient, post: Post, ada: int, sign_in: Callable[..., Staff]
) -> None:
    sign_in(client)
    page = f"/networks/legal/members/{ada}"
    assert client.post(f"{page}/address", data={"new_address": "nobody"}).status_code == 422
    assert client.post(f"{page}/address", data={"new_address": NEW}).status_code == 302
    assert address(post, ada) == ADA
    assert post.mails(ADA) == []
    assert "waits to be confirmed" in client.get(page).text
    client.post(post.link(NEW, "/address/new/"), data=YES)
    assert address(post, ada) == NEW
    history = client.get(page).text
    assert "moved here from another address" in history


def test_a_coordinator_of_another_network_changes_nothing(
    client: FlaskClient, post: Post, ada: int, sign_in: Callable[..., Staff]
) -> None:
    with post.database.writing() as session:
        media = personas.network(session, "media")
    sign_in(client, "coordinator", [media])
    for what, data in (("address", {"new_address": NEW}), ("suppress", {"why": "x"})):
        for code in ("legal", "media"):
            page = f"/networks/{code}/members/{ada}/{what}"
            assert client.post(page, data=data).status_code == 404
    assert (post.all_of(AddressChange), post.all_of(Suppression)) == ([], [])


def test_what_came_to_nothing_is_forgotten(
    client: FlaskClient, post: Post, ends: dict[str, str]
) -> None:
    with post.database.writing() as session:
        changing.forget_old(session, now() + timedelta(days=29))
        assert session.scalars(select(AddressChange)).all()
        changing.forget_old(session, now() + timedelta(days=31))
    assert post.all_of(AddressChange) == []
    assert client.post(ends["old"], data=YES).status_code == 410


def test_two_members_who_want_one_address_are_not_one(
    client: FlaskClient, post: Post, ada: int
) -> None:
    with post.database.writing() as session:
        bo = personas.member(session, personas.network(session, "media"), "Bo", "bo@example.org")
        network = bo.memberships[0].network
        who = changing.Address(NEW, NEW, False)
        for member_id in (ada, bo.id):
            member = session.get_one(Member, member_id)
            changing.ask(session, post.services, member, network, who, now())
    pages = [
        changing.url(post.services, change, end).removeprefix("https://docket.example.org")
        for change in post.all_of(AddressChange)
        for end in changing.End
    ]
    assert [client.post(page, data=YES).status_code for page in pages] == [200, 200, 200, 409]
    assert (address(post, ada), address(post, bo.id)) == (NEW, "bo@example.org")


def test_both_ends_at_the_same_moment_move_mail_once(
    client: FlaskClient, post: Post, ada: int, ends: dict[str, str]
) -> None:
    pages = [ends["new"], ends["old"]] * 3

    def confirm(name: str) -> None:
        page = pages[int(name[1:])]
        assert client.application.test_client().post(page, data=YES).status_code == 200

    in_threads(len(pages), confirm)
    assert address(post, ada) == NEW
    assert [event.text for event in post.all_of(AddressEvent)] == ["from here", "to here"]
