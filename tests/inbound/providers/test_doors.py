"""The doors over HTTP: who comes in, what is kept, and what a provider is told."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from app.db import Database
from app.inbound import door_routes, events, pieces, receiving
from app.inbound.door_settings import InboundDoors
from app.inbound.models import InboundArrival, InboundMail
from app.inbound.providers.shapes import Event, EventKind
from tests.inbound.providers import posts, signing
from tests.inbound.providers.conftest import DOORS
from tests.inbound.providers.posts import ADA, RAW
from tests.inbound.providers.signing import NOW, Amazon
from tests.inbound.providers.test_raw_mails import HOSTILE, TO, multipart

PATHS = ("mime", "ses", "sendgrid", "postmark", "mailgun", "mailgun/mime", "brevo")


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def amazon(app: Flask) -> Amazon:
    amazon = Amazon()
    app.extensions[door_routes.FETCH] = amazon
    return amazon


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What the use case is given; it has tests of its own."""
    found: list[Event] = []

    def note(_session: object, some: list[Event], _links: object, _now: object) -> int:
        found.extend(some)
        return len(some)

    monkeypatch.setattr(events, "note", note)
    return found


Send = Callable[..., TestResponse]


def as_json(post: object) -> bytes:
    return json.dumps(post).encode()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def good(path: str, client: FlaskClient) -> TestResponse:
    """A post that this door takes, one event or one mail."""
    if path == "mime":
        headers = bearer(DOORS.mime_token) | {"Content-Type": "message/rfc822"}
        return client.post("/in/mime", data=RAW, headers=headers)
    if path == "ses":
        return client.post("/in/ses", data=as_json(signing.sns(posts.ses_bounce())))
    if path == "sendgrid":
        body = as_json([posts.sendgrid("bounce")])
        return client.post("/in/sendgrid", data=body, headers=signing.sendgrid_headers(body))
    if path == "postmark":
        headers = {"Authorization": signing.basic(DOORS.postmark_token)}
        body = as_json(posts.postmark_bounce("HardBounce"))
        return client.post("/in/postmark", data=body, headers=headers)
    if path == "mailgun":
        signed = {"signature": signing.mailgun_signature()}
        failed = posts.mailgun_failed("permanent", "bounce", code=550)
        return client.post("/in/mailgun", data=as_json({**signed, **failed}))
    if path == "mailgun/mime":
        signed = signing.mailgun_signature("u" * 50)
        fields = {name: value.encode() for name, value in signed.items()}
        kind, body = multipart({"body-mime": RAW, "recipient": TO.encode(), **fields})
        return client.post("/in/mailgun/mime", data=body, content_type=kind)
    body = as_json(posts.brevo("hard_bounce"))
    return client.post("/in/brevo", data=body, headers=bearer(DOORS.brevo_token))


def kept(database: Database) -> list[InboundMail]:
    with database.reading() as session:
        return list(session.scalars(select(InboundMail)))


@pytest.mark.parametrize("path", PATHS)
def test_what_is_signed_is_kept(
    app: Flask,
    client: FlaskClient,
    amazon: Amazon,
    noted: list[Event],
    database: Database,
    path: str,
) -> None:
    answer = good(path, client)
    assert (answer.status_code, answer.data) == (200, b"kept\n")
    assert "Set-Cookie" not in answer.headers
    if path.endswith("mime"):
        assert len(kept(database)) == 1
        assert noted == []
    else:
        assert [(event.kind, event.recipient) for event in noted] == [(EventKind.BOUNCE, ADA)]
        assert kept(database) == []


@pytest.mark.parametrize("path", PATHS)
def test_a_closed_door_is_not_there(
    app: Flask, client: FlaskClient, amazon: Amazon, noted: list[Event], path: str
) -> None:
    services = app.extensions["docket"]
    shut = replace(services.settings, doors=InboundDoors())
    app.extensions["docket"] = replace(services, settings=shut)
    assert good(path, client).status_code == 404
    assert noted == amazon.asked == []
    app.extensions["docket"] = services


@pytest.mark.parametrize("path", PATHS)
def test_a_post_without_a_signature_is_refused(
    client: FlaskClient, amazon: Amazon, noted: list[Event], database: Database, path: str
) -> None:
    kind, form = multipart({"body-mime": RAW, "email": RAW})
    for body in (b"", b"{}", b"[]", as_json(posts.brevo("spam")), b"\0\xff"):
        answer = client.post(f"/in/{path}", data=body)
        assert answer.status_code in (400, 401), body
    assert client.post(f"/in/{path}", data=form, content_type=kind).status_code in (400, 401)
    assert client.get(f"/in/{path}").status_code == 405
    assert noted == kept(database) == amazon.asked == []


@pytest.mark.parametrize("path", ["mime", "postmark", "brevo"])
def test_another_doors_token_opens_nothing(client: FlaskClient, path: str) -> None:
    own = {"mime": "mime_token", "postmark": "postmark_token", "brevo": "brevo_token"}[path]
    others = {DOORS.mime_token, DOORS.postmark_token, DOORS.brevo_token} - {getattr(DOORS, own)}
    for token in (*others, "", getattr(DOORS, own)[:-1]):
        answer = client.post(f"/in/{path}", data=b"{}", headers=bearer(token))
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"]
    assert client.post(f"/in/{path}?token={getattr(DOORS, own)}", data=b"{}").status_code == 401
    assert client.post(f"/in/{path}/{getattr(DOORS, own)}", data=b"{}").status_code == 404


def test_what_is_signed_and_strange_is_malformed(
    client: FlaskClient, amazon: Amazon, noted: list[Event]
) -> None:
    headers = bearer(DOORS.postmark_token)
    assert client.post("/in/postmark", data=b"[" * 9999, headers=headers).status_code == 400
    assert client.post("/in/postmark", data=b'{"x": 1}', headers=headers).status_code == 400
    pieces = as_json({"items": []})
    answer = client.post("/in/brevo", data=pieces, headers=bearer(DOORS.brevo_token))
    assert answer.status_code == 400
    assert b"never carries" in answer.data
    assert client.post("/in/ses", data=as_json(signing.sns("hello"))).status_code == 400
    assert (
        client.post("/in/sendgrid", data=b"x", headers=signing.sendgrid_headers(b"x")).status_code
        == 400
    )
    assert noted == []


def test_a_mail_comes_in_byte_for_byte(app: Flask, client: FlaskClient, database: Database) -> None:
    envelope = json.dumps({"to": [TO], "from": ADA}).encode()
    large = b"Subject: large\r\n\r\n" + b"x" * 2_000_000  # more than Flask lets a form's text have
    for raw in (HOSTILE, large):
        kind, body = multipart({"email": raw, "envelope": envelope})
        answer = client.post(
            "/in/mime", data=body, content_type=kind, headers=bearer(DOORS.mime_token)
        )
        assert answer.status_code == 200
    with database.reading() as session:
        vault = app.extensions["docket"].vault
        mails = session.scalars(select(InboundMail).order_by(InboundMail.id)).all()
        assert [pieces.whole(vault, mail) for mail in mails] == [HOSTILE, large]
        arrivals = session.scalars(select(InboundArrival)).all()
        assert {(one.door, one.envelope_from, one.recipient) for one in arrivals} == {
            ("http", ADA, TO)
        }


def test_each_door_says_where_a_mail_came_in(
    client: FlaskClient, amazon: Amazon, database: Database
) -> None:
    def other(number: int) -> str:
        return RAW.replace(b"7@example", b"%d@example" % number).decode()

    received = signing.sns(posts.ses_received(other(1), "UTF8"))
    assert client.post("/in/ses", data=as_json(received)).status_code == 200
    inbound = as_json({"RawEmail": other(2), "OriginalRecipient": TO})
    headers = bearer(DOORS.postmark_token)
    assert client.post("/in/postmark", data=inbound, headers=headers).status_code == 200
    assert good("mailgun/mime", client).status_code == 200
    assert good("mime", client).status_code == 200
    with database.reading() as session:
        doors = session.scalars(select(InboundArrival.door)).all()
    assert sorted(doors) == ["http", "mailgun", "postmark", "ses"]


def test_the_same_mail_through_two_doors_is_one(client: FlaskClient, database: Database) -> None:
    for path in ("mime", "mailgun/mime", "mime"):
        assert good(path, client).status_code == 200
    assert len(kept(database)) == 1


def test_a_subscription_is_confirmed(client: FlaskClient, amazon: Amazon) -> None:
    assert client.post("/in/ses", data=as_json(signing.subscription())).status_code == 200
    assert amazon.asked == [signing.PEM_URL, signing.SUBSCRIBE_URL]
    ended = signing.subscription(Type="UnsubscribeConfirmation")
    assert client.post("/in/ses", data=as_json(ended)).status_code == 200
    assert amazon.asked == [signing.PEM_URL, signing.SUBSCRIBE_URL]
    stranger = signing.subscription(TopicArn="arn:aws:sns:eu-west-1:999999999999:bounces")
    assert client.post("/in/ses", data=as_json(stranger)).status_code == 401


def test_amazon_out_of_reach_is_to_be_tried_again(client: FlaskClient, amazon: Amazon) -> None:
    pem = amazon.served.pop(signing.PEM_URL)
    assert good("ses", client).status_code == 503
    amazon.served[signing.PEM_URL] = pem
    assert good("ses", client).status_code == 200


def test_a_post_of_mailgun_played_again_with_another_text(
    client: FlaskClient, noted: list[Event]
) -> None:
    assert [good("mailgun", client).status_code for _time in range(2)] == [200, 200]
    forged = {"signature": signing.mailgun_signature(), **posts.mailgun("complained")}
    assert client.post("/in/mailgun", data=as_json(forged)).status_code == 401
    assert {event.kind for event in noted} == {EventKind.BOUNCE}


def test_an_old_post_is_refused(client: FlaskClient, amazon: Amazon) -> None:
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        body = as_json([posts.sendgrid("bounce")])
        headers = signing.sendgrid_headers(body, NOW)
        assert client.post("/in/sendgrid", data=body, headers=headers).status_code == 401
        old = signing.sns(posts.ses_bounce(), at=NOW)
        assert client.post("/in/ses", data=as_json(old)).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_what_cannot_be_stored_is_to_be_posted_again(
    client: FlaskClient,
    amazon: Amazon,
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    path: str,
) -> None:
    def fails(*_arguments: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr(events, "note", fails)
    monkeypatch.setattr(door_routes, "receive", fails)
    assert good(path, client).status_code == 500
    monkeypatch.setattr(events, "note", lambda *_arguments: 1)
    monkeypatch.setattr(door_routes, "receive", receiving.receive)
    assert good(path, client).status_code == 200


def test_half_a_post_is_none(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    """What a use case wrote before the rest turned out to be malformed is taken back."""

    def writes(session: Any, *_arguments: object) -> int:
        vault = client.application.extensions["docket"].vault
        return receiving.receive(session, vault, RAW, receiving.Arrival("http"), NOW)

    monkeypatch.setattr(events, "note", writes)
    # An event by its type, and a mail in pieces by the rest.
    monkeypatch.setattr(
        door_routes.postmark, "events", lambda body: [Event(EventKind.OTHER, ADA, "x", "x")]
    )
    answer = client.post("/in/postmark", data=b"{}", headers=bearer(DOORS.postmark_token))
    assert answer.status_code == 400
    assert kept(database) == []


def test_a_post_that_is_too_large_is_refused(app: Flask, client: FlaskClient) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    headers = bearer(DOORS.mime_token) | {"Content-Type": "message/rfc822"}
    assert client.post("/in/mime", data=b"x" * 1001, headers=headers).status_code == 413


def test_no_csrf_token_is_asked_for(app: Flask, client: FlaskClient, amazon: Amazon) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    for path in PATHS:
        assert good(path, client).status_code == 200


def test_nothing_of_a_post_is_logged(
    client: FlaskClient, amazon: Amazon, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    altered = as_json({**signing.sns(posts.ses_bounce()), "MessageId": "ada@example.com"})
    client.post("/in/ses", data=altered)
    client.post("/in/ses", data=as_json(signing.sns("ada@example.com")))
    client.post("/in/brevo", data=b"ada@example.com", headers=bearer(signing.TOKEN))
    good("mime", client)
    ours = [record.getMessage() for record in caplog.records if record.name == "app"]
    assert len(ours) == 3
    for line in ours:
        assert "refused" in line
        assert "ada" not in line
        assert signing.TOKEN not in line


def test_many_posts_come_in_and_very_many_have_to_wait(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert int(door_routes.LIMIT.split()[0]) >= 1000
    monkeypatch.setattr(door_routes, "LIMIT", "3 per minute")
    codes = [client.post("/in/brevo", data=b"").status_code for _number in range(4)]
    assert codes == [401, 401, 401, 429]
    assert client.post("/in/postmark", data=b"").status_code == 401


def test_a_bounce_is_held_against_its_address(
    client: FlaskClient, amazon: Amazon, database: Database, links: Any
) -> None:
    """All the way: the return path says which delivery it was."""
    from app.delivery.models import DeliveryState, Settlement
    from app.networks.models import AddressEvent
    from tests import personas

    with database.writing() as session:
        network = personas.network(session)
        personas.member(session, network, email=ADA)
        delivery = personas.delivered(session, personas.issue(session, network, []))[0]
    told = posts.ses_bounce(source=links.return_path(delivery.id))
    for number in range(2):
        post = signing.sns(told, MessageId=str(number))
        assert client.post("/in/ses", data=as_json(post)).status_code == 200
    with database.reading() as session:
        assert len(session.scalars(select(AddressEvent)).all()) == 1
        settled = session.scalars(select(Settlement)).one()
        assert settled.state == DeliveryState.BOUNCED
