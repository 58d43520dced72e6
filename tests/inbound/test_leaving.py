"""Leaving by the link in a mail: for people, and for mail programs (RFC 8058)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import leasing
from app.inbound import leaving
from app.links import Links
from app.networks import histories, managing, reasons
from app.networks.models import AddressEvent, Membership, Network, Suppression
from app.notices.models import Notice
from app.staff.models import AuditEntry, Staff
from tests import personas
from tests.delivery.cast import in_threads

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
WORDS = "text/plain; charset=utf-8"
MULTIPART = "multipart/form-data; boundary=x"


@dataclass(frozen=True)
class Mailed:
    """Ada is in two networks; a mail of the legal one is in her mailbox."""

    database: Database
    delivery_id: int
    member_id: int
    path: str

    def current(self) -> list[str]:
        with self.database.reading() as session:
            held = session.scalars(select(Membership).where(Membership.ended_at.is_(None)))
            return sorted(membership.network.code for membership in held)

    def all_of(self, model: type) -> list[object]:
        with self.database.reading() as session:
            return list(session.scalars(select(model).order_by(model.id)))  # type: ignore[attr-defined]

    def standing(self) -> list[str]:
        """The reasons why no mail may go."""
        with self.database.reading() as session:
            held = select(Suppression.reason).where(Suppression.lifted_at.is_(None))
            return list(session.scalars(held))


@pytest.fixture
def mailed(database: Database, links: Links) -> Mailed:
    with database.writing() as session:
        network = personas.network(session)
        member = personas.member(session, network, "Ada Secret", "ada.secret@example.org")
        personas.membership(session, member, personas.network(session, "medical"))
        delivery = personas.delivered(session, personas.issue(session, network, []))[0]
    path = links.unsubscribe_url(delivery.id).removeprefix(links.base_url)
    return Mailed(database, delivery.id, member.id, path)


def test_a_get_changes_nothing(client: FlaskClient, mailed: Mailed) -> None:
    for method in ("GET", "HEAD"):
        for query in ("", "?List-Unsubscribe=One-Click", "?do=all"):
            assert client.open(mailed.path + query, method=method).status_code == 200
    assert mailed.current() == ["legal", "medical"]
    assert mailed.all_of(AddressEvent) == []
    assert mailed.all_of(Notice) == []


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_one_click_leaves_this_network_alone_in_both_encodings(
    client: FlaskClient, mailed: Mailed, content_type: str
) -> None:
    for _time in range(3):
        answer = client.post(mailed.path, data=ONE_CLICK, content_type=content_type)
        assert answer.status_code == 200
        assert answer.mimetype == "text/plain"
        assert not {"Set-Cookie", "Location"} & set(answer.headers.keys())
    assert mailed.current() == ["medical"]
    (event,) = mailed.all_of(AddressEvent)
    assert (event.kind, event.source, event.text) == ("unsubscribed", "one-click", "legal")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"List-Unsubscribe=One-Click", WORDS),
        (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
        (b"List-Unsubscribe=One-Click", "multipart/form-data"),  # without its boundary
        (b"--x\r\nContent-Disposition: form-d", "multipart/form-data; boundary=x"),
        (b"\xff\xfe%%%=\xff&&&", "application/x-www-form-urlencoded"),
    ],
    ids=["nothing", "text", "json", "no boundary", "torn", "octets"],
)
def test_a_body_that_is_neither_encoding_leaves_all_the_same(
    client: FlaskClient, mailed: Mailed, body: bytes, content_type: str
) -> None:
    answer = client.post(mailed.path, data=body, content_type=content_type)
    assert answer.status_code == 200
    assert mailed.current() == ["medical"]


def test_one_click_is_never_turned_away(client: FlaskClient, mailed: Mailed) -> None:
    """Neither from elsewhere, as a webmail may do it, nor in a crowd."""
    client.application.extensions["docket"].settings.__dict__["public_limit"] = "1 per minute"
    for _time in range(3):
        answer = client.post(mailed.path, data=ONE_CLICK, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200
    assert mailed.current() == ["medical"]
    assert [client.get(mailed.path).status_code for _time in range(2)] == [200, 429]


@pytest.mark.parametrize("do", ["leave", "all", "stay", "why", "preferences"])
def test_a_button_pressed_by_another_site_does_nothing(
    client: FlaskClient, mailed: Mailed, do: str
) -> None:
    for site in ("cross-site", "same-site"):
        answer = client.post(mailed.path, data={"do": do}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403
    assert mailed.current() == ["legal", "medical"]
    assert mailed.all_of(Notice) == []
    for site in ("same-origin", "none"):
        answer = client.post(mailed.path, data={"do": do}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 200


def test_mail_that_waits_is_not_sent(
    session: Session, client: FlaskClient, mailed: Mailed, links: Links
) -> None:
    network = session.scalars(select(Network).where(Network.code == "legal")).one()
    issue = personas.issue(session, network, [])
    waits = personas.delivered(session, issue, state="queued")[0]
    personas.resettle(session, session.get_one(leaving.Delivery, mailed.delivery_id), "retry")
    session.commit()
    client.post(mailed.path, data=ONE_CLICK)
    leasing.register(session, "w", "boot", now())
    lease = leasing.claim(session, "w")
    assert lease is not None
    assert [(due.to.delivery_id, due.fits) for due in leasing.take(session, lease, 0, 9)[0]] == [
        (waits.id, False)
    ]
    again = leasing.claim_retries(session, "w", now() + timedelta(minutes=1), 9)
    assert [(due.to.delivery_id, due.fits) for due in again] == [(mailed.delivery_id, False)]


def test_the_link_ends_the_membership_that_was_begun_since(
    client: FlaskClient, mailed: Mailed
) -> None:
    client.post(mailed.path, data=ONE_CLICK)
    with mailed.database.writing() as session:
        network = session.scalars(select(Network).where(Network.code == "legal")).one()
        member = session.get_one(leaving.Member, mailed.member_id)
        personas.membership(session, member, network)
    assert mailed.current() == ["legal", "medical"]
    client.post(mailed.path, data=ONE_CLICK)
    assert mailed.current() == ["medical"]


def test_the_page_leaves_and_takes_it_back(client: FlaskClient, mailed: Mailed) -> None:
    assert "You have left" in client.post(mailed.path).text
    assert mailed.current() == ["medical"]
    assert "member again" in client.post(mailed.path, data={"do": "stay"}).text
    client.post(mailed.path, data={"do": "stay"})
    assert mailed.current() == ["legal", "medical"]
    assert len(mailed.all_of(Membership)) == 3


def test_what_somebody_chose_is_as_it_was_when_they_come_back(
    client: FlaskClient, mailed: Mailed
) -> None:
    until = now() + timedelta(days=9)
    with mailed.database.writing() as session:
        held = session.scalars(select(Membership).order_by(Membership.id)).first()
        assert held is not None
        held.least_days, held.paused_until, held.notes = 30, until, "met in May"
    client.post(mailed.path)
    client.post(mailed.path, data={"do": "stay"})
    back = mailed.all_of(Membership)[-1]
    assert (back.least_days, back.paused_until, back.notes) == (30, until, "met in May")  # type: ignore[attr-defined]


def test_after_a_day_only_the_join_page_brings_back(client: FlaskClient, mailed: Mailed) -> None:
    client.post(mailed.path)
    with mailed.database.writing() as session:
        left = session.scalars(select(Membership).where(Membership.ended_at.is_not(None))).one()
        left.ended_at = now() - timedelta(hours=25)
    client.post(mailed.path, data={"do": "stay"})
    client.post(mailed.path, data={"do": "why", "reason": "no time"})
    assert mailed.current() == ["medical"]
    assert [m.leaving_note for m in mailed.all_of(Membership)] == ["", ""]  # type: ignore[attr-defined]


def test_leaving_all_ends_every_membership_and_suppresses_the_address(
    client: FlaskClient, mailed: Mailed
) -> None:
    with mailed.database.writing() as session:
        personas.member(session, session.scalars(select(Network)).first())
    for _time in range(2):
        assert "left all networks" in client.post(mailed.path, data={"do": "all"}).text
    assert mailed.current() == ["legal"]  # somebody else's
    assert mailed.standing() == ["unsubscribed"]
    kinds = [event.kind for event in mailed.all_of(AddressEvent)]  # type: ignore[attr-defined]
    assert kinds == ["unsubscribed", "unsubscribed", "suppressed"]


def test_leaving_all_by_mistake_is_taken_back_as_a_whole(
    client: FlaskClient, mailed: Mailed
) -> None:
    client.post(mailed.path, data={"do": "all"})
    client.post(mailed.path, data={"do": "stay"})
    assert mailed.current() == ["legal", "medical"]
    assert mailed.standing() == []


def test_who_left_one_network_before_is_not_brought_into_it_by_taking_back_another(
    client: FlaskClient, mailed: Mailed
) -> None:
    with mailed.database.writing() as session:
        medical = session.scalars(select(Membership).order_by(Membership.id.desc())).first()
        assert medical is not None
        leaving.leave(session, medical, now() - timedelta(hours=1))
    client.post(mailed.path)
    client.post(mailed.path, data={"do": "stay"})
    assert mailed.current() == ["legal"]


@pytest.mark.parametrize("reason", ["bounced", "complained", "staff"])
def test_coming_back_lifts_no_other_suppression(
    client: FlaskClient, mailed: Mailed, reason: str
) -> None:
    with mailed.database.writing() as session:
        histories.suppress(session, "ada.secret@example.org", reason, "staff", now())
    client.post(mailed.path, data={"do": "all"})
    client.post(mailed.path, data={"do": "stay"})
    assert mailed.standing() == [reason]


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ({}, ""),
        ({"reason": "nonsense"}, ""),
        ({"reason": "no time"}, "no time"),
        ({"words": " two\r\nlines "}, "other\ntwo\nlines"),
        ({"reason": "too much", "words": "<script>"}, "too much\n<script>"),
    ],
)
def test_why_is_asked_and_not_required(
    client: FlaskClient, mailed: Mailed, form: dict[str, str], kept: str
) -> None:
    assert "say why" in client.post(mailed.path).text
    assert "Thank you" in client.post(mailed.path, data={"do": "why", **form}).text
    assert mailed.all_of(Membership)[0].leaving_note == kept  # type: ignore[attr-defined]
    assert "<script>" not in str([entry.detail for entry in mailed.all_of(AuditEntry)])  # type: ignore[attr-defined]


def test_a_reason_of_a_million_characters_does_no_harm(client: FlaskClient, mailed: Mailed) -> None:
    client.post(mailed.path)
    long = {"do": "why", "words": "x" * 1_000_000}
    assert client.post(mailed.path, data=long).status_code == 200
    part = b'--x\r\nContent-Disposition: form-data; name="words"\r\n\r\n%b\r\n--x--\r\n'
    body = part % (b"x" * 1_000_000)
    assert client.post(mailed.path, data=body, content_type=MULTIPART).status_code == 413
    (left, _other) = mailed.all_of(Membership)
    assert left.leaving_note == "other\n" + "x" * leaving.LONGEST_NOTE  # type: ignore[attr-defined]
    assert mailed.current() == ["medical"]


def test_a_member_says_nothing_of_leaving(client: FlaskClient, mailed: Mailed) -> None:
    client.post(mailed.path, data={"do": "why", "reason": "no time"})
    assert mailed.current() == ["legal", "medical"]
    assert mailed.all_of(Membership)[0].leaving_note == ""  # type: ignore[attr-defined]


def test_the_coordinator_sees_why(
    client: FlaskClient, mailed: Mailed, sign_in: Callable[..., Staff]
) -> None:
    client.post(mailed.path)
    client.post(mailed.path, data={"do": "why", "reason": "too much", "words": "<b>less</b>"})
    sign_in(client)
    page = client.get(f"/networks/legal/members/{mailed.member_id}").text
    assert "Too much mail" in page
    assert "&lt;b&gt;less&lt;/b&gt;" in page
    network = BeautifulSoup(client.get("/networks/legal").text, "html.parser")
    assert "Too much mail: 1" in " ".join(network.get_text(" ").split())
    assert "less" not in network.get_text()
    assert "Too much mail" not in client.get("/networks/medical").text


def test_reasons_are_counted_by_network(session: Session) -> None:
    network, other = personas.network(session), personas.network(session, "medical")
    notes = ("no time", "no time\nat all", "other\nno time", "too much", "")
    for note in notes:
        member = personas.member(session)
        left = {"ended_at": now(), "end_reason": "unsubscribed"}
        personas.membership(session, member, network, leaving_note=note, **left)
        personas.membership(session, member, other)
    assert reasons.count(session, network) == {"no time": 2, "other": 1, "too much": 1}
    assert (reasons.count(session, other), reasons.count_left(session, network)) == ({}, 5)


def test_who_came_back_is_not_among_those_who_left(session: Session) -> None:
    network, member = personas.network(session), personas.member(session)
    left = {"ended_at": now(), "end_reason": "unsubscribed", "leaving_note": "no time"}
    personas.membership(session, member, network, **left)
    assert reasons.count_left(session, network) == 1
    personas.membership(session, member, network)
    assert (reasons.count(session, network), reasons.count_left(session, network)) == ({}, 0)
    assert managing.find_members(session, network, "", "left", 1)[1] == 0
    assert managing.find_members(session, network, "", "current", 1)[1] == 1


@pytest.mark.parametrize("form", [None, {"do": "leave"}, {"do": "all"}, {"do": "stay"}])
def test_no_page_names_anybody_or_another_network(
    client: FlaskClient, mailed: Mailed, form: dict[str, str] | None
) -> None:
    """Whoever holds a forwarded mail sees them."""
    answer = client.get(mailed.path) if form is None else client.post(mailed.path, data=form)
    assert "Secret" not in answer.text
    assert "secret@" not in answer.text
    assert "Medical" not in answer.text


def test_the_page_tells_whom_a_forwarded_mail_would_take_it_from(
    client: FlaskClient, mailed: Mailed
) -> None:
    page = client.get(mailed.path).text
    assert "forwarded to you" in page
    assert 'href="/join/legal"' in page
    with mailed.database.writing() as session:
        for network in session.scalars(select(Network)):
            network.joining_open = False
    assert "/join/" not in client.get(mailed.path).text


def test_the_link_to_the_preferences_goes_to_the_members_mailbox(
    client: FlaskClient, mailed: Mailed
) -> None:
    page = client.post(mailed.path, data={"do": "preferences"})
    assert "look into your mail" in page.text
    assert "/preferences/" not in page.text
    (notice,) = mailed.all_of(Notice)
    assert (notice.recipient, notice.sender) == ("ada.secret@example.org", "")  # type: ignore[attr-defined]
    assert mailed.current() == ["legal", "medical"]


def test_broken_links_say_what_to_do_instead(client: FlaskClient, mailed: Mailed) -> None:
    for method in ("GET", "POST"):
        assert client.open("/u/x", method=method).status_code == 400
        assert client.open("/u/1." + "a" * 24, method=method).status_code == 404
    assert mailed.current() == ["legal", "medical"]


def test_many_taps_at_once_are_one(client: FlaskClient, mailed: Mailed) -> None:
    def tap(form: dict[str, str]) -> None:
        answer = client.application.test_client().post(mailed.path, data=form)
        assert answer.status_code == 200

    in_threads(6, lambda _name: tap({"do": "all"}))
    assert [event.kind for event in mailed.all_of(AddressEvent)].count("unsubscribed") == 2  # type: ignore[attr-defined]
    assert mailed.standing() == ["unsubscribed"]
    in_threads(6, lambda _name: tap({"do": "stay"}))
    assert mailed.current() == ["legal", "medical"]
    assert len(mailed.all_of(Membership)) == 4
