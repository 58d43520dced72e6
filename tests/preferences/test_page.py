"""The page behind the link: what a member chooses, and who else cannot choose it for them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.clock import now
from app.delivery import leasing
from app.delivery.models import DeliveryState
from app.networks import histories
from app.networks.models import Member, Membership, Network, Suppression
from app.preferences.choosing import languages_of
from app.staff.models import AuditEntry
from tests import personas
from tests.preferences.conftest import ADA, Post, fields, press, seal


def save(client: FlaskClient, path: str, **values: str) -> Any:
    return client.post(path, data={**fields(client, path), "do": "save", **values})


def test_opening_the_page_changes_nothing(client: FlaskClient, post: Post, path: str) -> None:
    for method in ("GET", "HEAD", "GET"):
        answer = client.open(path, method=method)
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
    assert "Legal Network" in client.get(path).text
    assert post.all_of(AuditEntry) == []


def test_the_page_shows_no_name_and_no_address(client: FlaskClient, path: str) -> None:
    text = client.get(path).text.casefold()
    assert "secret" not in text


def test_saving_what_is_there_changes_nothing(client: FlaskClient, post: Post, path: str) -> None:
    before = [(m.least_days, m.paused_until, m.ended_at) for m in post.all_of(Membership)]
    assert save(client, path).status_code == 200
    assert [(m.least_days, m.paused_until, m.ended_at) for m in post.all_of(Membership)] == before
    assert post.all_of(AuditEntry) == []


def test_frequency_and_pause_are_each_networks_own(
    client: FlaskClient, post: Post, path: str
) -> None:
    first, second = post.all_of(Membership)
    day = (now() + timedelta(days=40)).date()
    ours = {f"m{first.id}-least_days": "30", f"m{first.id}-pause": day.isoformat()}
    assert "Saved" in save(client, path, **ours).text
    first, second = post.all_of(Membership)
    assert (first.least_days, second.least_days, second.paused_until) == (30, 0, None)
    assert first.paused_until.astimezone(UTC) > now() + timedelta(days=38)
    assert fields(client, path)[f"m{first.id}-pause"] == day.isoformat()
    save(client, path, **{f"m{first.id}-pause": ""})
    assert post.all_of(Membership)[0].paused_until is None


@time_machine.travel(datetime(2030, 3, 1, 12, tzinfo=UTC), tick=False)
def test_a_pause_ends_at_midnight_in_the_networks_zone(
    client: FlaskClient, post: Post, ada: int
) -> None:
    client.post("/preferences", data={"email": ADA})
    path = post.link(ADA, "/preferences/")
    first = post.all_of(Membership)[0]
    save(client, path, **{f"m{first.id}-pause": "2030-07-01"})
    assert post.all_of(Membership)[0].paused_until == datetime(2030, 6, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong",
    [
        {"pause": "0"},
        {"pause": "367"},
        {"pause": "next week"},
        {"least_days": "8"},
        {"least_days": "-1"},
        {"standing": "x"},
        {"standing": ""},
    ],
    ids=str,
)
def test_a_choice_that_is_none_saves_nothing(
    client: FlaskClient, post: Post, path: str, wrong: dict[str, str]
) -> None:
    first, second = post.all_of(Membership)
    if wrong.get("pause", "x").isdigit():
        wrong = {"pause": str(now().date() + timedelta(days=int(wrong["pause"])))}
    bad = {f"m{first.id}-{name}": value for name, value in wrong.items()}
    answer = save(client, path, **bad, **{f"m{second.id}-least_days": "30"})
    assert answer.status_code == 422
    assert "mend this" in answer.text
    assert [m.least_days for m in post.all_of(Membership)] == [0, 0]
    assert len(post.current()) == 2


def test_leaving_one_network_is_not_leaving_all(client: FlaskClient, post: Post, path: str) -> None:
    first = post.all_of(Membership)[0]
    save(client, path, **{f"m{first.id}-standing": "leaves"})
    assert post.current() == [f"medical {ADA}"]
    assert post.all_of(Suppression) == []
    assert [(e.action, e.detail) for e in post.all_of(AuditEntry)] == [
        ("membership.left", {"by": "preferences"})
    ]


def test_a_network_that_the_form_does_not_know_stays(
    client: FlaskClient, post: Post, path: str, ada: int
) -> None:
    values = fields(client, path)
    with post.database.writing() as session:
        personas.membership(session, post.member(ada), personas.network(session, "media"))
    assert client.post(path, data=values | {"do": "save"}).status_code == 200
    assert len(post.current()) == 3


def test_another_members_membership_cannot_be_named(
    client: FlaskClient, post: Post, path: str
) -> None:
    with post.database.writing() as session:
        network = session.scalars(select(Network)).first()
        other = personas.member(session, network, email="bo@example.org")
        theirs = other.memberships[0].id
        gone = personas.membership(
            session, other, personas.network(session, "media"), ended_at=now(),
            end_reason="unsubscribed",
        )  # fmt: skip
    save(client, path, **{f"m{theirs}-standing": "leaves", f"m{theirs}-least_days": "30"})
    press(client, path, "rejoin", membership=str(gone.id))
    assert post.current() == [f"legal {ADA}", "legal bo@example.org", f"medical {ADA}"]
    assert {m.least_days for m in post.all_of(Membership)} == {0}


def test_languages_keep_their_order(client: FlaskClient, post: Post, path: str, ada: int) -> None:
    assert [fields(client, path)[f"language{n}"] for n in range(3)] == ["fr", "en", ""]
    save(client, path, language0="ar", language1="fr", language2="fr")
    with post.database.reading() as session:
        assert languages_of(session.get_one(Member, ada)) == ["ar", "fr"]
    assert "language3" not in fields(client, path)
    save(client, path, language0="ar", language1="fr", language2="de")
    assert fields(client, path)["language3"] == ""
    assert save(client, path, language0="klingon").status_code == 422


def test_a_network_that_was_left_is_joined_again_by_a_fresh_consent(
    client: FlaskClient, post: Post, path: str
) -> None:
    first = post.all_of(Membership)[0]
    save(client, path, **{f"m{first.id}-standing": "leaves"})
    page = client.get(path).text
    assert "I want to receive the newsletter of Legal Network." in page
    for _time in range(2):
        press(client, path, "rejoin", membership=str(first.id))
    assert post.current() == [f"legal {ADA}", f"medical {ADA}"]
    again = post.all_of(Membership)[-1]
    assert len(post.all_of(Membership)) == 3
    assert again.consent_wording == "I want to receive the newsletter of Legal Network."
    assert (again.consent_source, again.consent_at) == ("preference page", again.started_at)


def test_whom_staff_took_out_of_a_closed_network_does_not_come_back_alone(
    client: FlaskClient, post: Post, path: str
) -> None:
    first = post.all_of(Membership)[0]
    with post.database.writing() as session:
        ended = {"ended_at": now(), "end_reason": "staff"}
        session.execute(update(Membership).where(Membership.id == first.id).values(**ended))
        session.execute(update(Network).values(joining_open=False))
    press(client, path, "rejoin", membership=str(first.id))
    assert post.current() == [f"medical {ADA}"]


def test_leaving_all_and_coming_back(client: FlaskClient, post: Post, path: str) -> None:
    first = post.all_of(Membership)[0]
    press(client, path, "all")
    assert post.current() == []
    with post.database.reading() as session:
        assert histories.is_suppressed(session, ADA)
    press(client, path, "rejoin", membership=str(first.id))
    assert post.current() == [f"legal {ADA}"]
    with post.database.reading() as session:
        assert not histories.is_suppressed(session, ADA)


@pytest.mark.parametrize(
    ("reason", "lifted"),
    [("bounced", True), ("unsubscribed", True), ("complained", False), ("staff", False)],
)
def test_who_reads_the_mailbox_may_have_mail_again(
    client: FlaskClient, post: Post, path: str, reason: str, lifted: bool
) -> None:
    with post.database.writing() as session:
        histories.suppress(session, ADA, reason, "test", now())
    assert ("Let mail come again" in client.get(path).text) is lifted
    press(client, path, "mail")
    with post.database.reading() as session:
        assert histories.is_suppressed(session, ADA) is not lifted


def test_what_waits_is_not_sent_to_who_pauses(client: FlaskClient, post: Post, path: str) -> None:
    with post.database.writing() as session:
        network = session.scalars(select(Network).where(Network.code == "legal")).one()
        issue = personas.issue(session, network, [])
        personas.delivered(session, issue, state=DeliveryState.QUEUED)
    first = post.all_of(Membership)[0]
    day = now().date() + timedelta(days=2)
    save(client, path, **{f"m{first.id}-pause": day.isoformat()})
    with post.database.writing() as session:
        leasing.register(session, "w", "boot", now())
        lease = leasing.claim(session, "w")
        assert lease is not None
        assert [due.fits for due in leasing.take(session, lease, 0, 9)[0]] == [False]


@pytest.mark.parametrize("do", ["save", "all", "rejoin", "mail", "address", "withdraw", "", "x"])
def test_nothing_is_done_for_another_site_or_without_the_pages_own_seal(
    client: FlaskClient, post: Post, path: str, do: str
) -> None:
    first, ours = post.all_of(Membership)[0], seal(client, path)
    values = {"do": do, "email": "new@example.org", f"m{first.id}-standing": "leaves"}
    values |= {f"m{first.id}-least_days": "30"}
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site}
        answer = client.post(path, data=values | {"seal": ours}, headers=headers)
        assert answer.status_code == 403
    for bad in ("", "x", ours[:-1] + ("a" if ours[-1] != "a" else "b")):
        assert client.post(path, data=values | {"seal": bad}).status_code == 400
    assert client.post(path, data=values).status_code == 400
    assert (len(post.current()), len(post.notices()), post.all_of(AuditEntry)) == (2, 1, [])


def test_a_seal_of_another_page_does_not_do(
    client: FlaskClient, post: Post, path: str, ada: int
) -> None:
    client.post("/preferences", data={"email": ADA})
    other = seal(client, post.link(ADA, "/preferences/"))
    assert client.post(path, data={"seal": other, "do": "all"}).status_code == 400
    assert len(post.current()) == 2


@pytest.mark.parametrize("site", ["same-origin", "none", None])
def test_a_browser_that_says_nothing_is_believed(
    client: FlaskClient, post: Post, path: str, site: str | None
) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}
    client.post(path, data={"seal": seal(client, path), "do": "all"}, headers=headers)
    assert post.current() == []
