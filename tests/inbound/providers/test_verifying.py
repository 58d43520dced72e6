"""Signatures and tokens: forged, altered, played again, too old."""

import json
from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from app.inbound.providers import mailgun, sendgrid, tokens
from app.inbound.providers.shapes import Malformed, Unsigned
from tests.inbound.providers import posts, signing
from tests.inbound.providers.signing import MAILGUN_KEY, NOW, SENDGRID_PUBLIC, TOKEN

BODY = json.dumps([posts.sendgrid("bounce")]).encode()
SIGNATURE, TIMESTAMP = signing.sendgrid_headers(BODY).values()


def check(
    body: bytes = BODY,
    signature: str = SIGNATURE,
    timestamp: str = TIMESTAMP,
    at: timedelta = timedelta(),
) -> None:
    sendgrid.verify(body, signature, timestamp, SENDGRID_PUBLIC, NOW + at)


def test_what_sendgrid_signed_is_taken_for_as_long_as_it_tries() -> None:
    check()
    check(at=timedelta(hours=25))


@pytest.mark.parametrize("at", [timedelta(hours=27), -timedelta(hours=1)])
def test_sendgrids_post_does_not_last(at: timedelta) -> None:
    with pytest.raises(Unsigned, match="old"):
        check(at=at)


@pytest.mark.parametrize(
    ("body", "signature", "timestamp"),
    [
        (BODY + b" ", SIGNATURE, TIMESTAMP),
        (BODY.replace(b"ada", b"bob"), SIGNATURE, TIMESTAMP),
        (BODY, SIGNATURE, str(int(TIMESTAMP) + 1)),
        (BODY, SIGNATURE, ""),
        (BODY, SIGNATURE, " " + TIMESTAMP),
        (BODY, SIGNATURE, "²"),
        (BODY, "", TIMESTAMP),
        (BODY, "AAAA", TIMESTAMP),
        (BODY, "no base64!", TIMESTAMP),
        (BODY, "é", TIMESTAMP),
        (
            BODY,
            signing.sendgrid_headers(BODY, key=ec.generate_private_key(ec.SECP256R1()))[
                "X-Twilio-Email-Event-Webhook-Signature"
            ],
            TIMESTAMP,
        ),
    ],
    ids=range(11),  # keys are made anew in each process
)
def test_what_sendgrid_did_not_sign_is_not(body: bytes, signature: str, timestamp: str) -> None:
    with pytest.raises(Unsigned):
        check(body, signature, timestamp)


@given(st.binary(max_size=80), st.text(max_size=80), st.text(max_size=20))
def test_sendgrids_headers_may_be_anything(body: bytes, signature: str, timestamp: str) -> None:
    with pytest.raises(Unsigned):
        check(body, signature, timestamp)


@pytest.mark.parametrize(
    "key",
    ["", "x", "AAAA", signing.spki(ec.generate_private_key(ec.SECP384R1())), "é" * 40],
    ids=["none", "x", "short", "another curve", "no ASCII"],
)
def test_a_wrong_verification_key_is_told(key: str) -> None:
    with pytest.raises(ValueError) as error:
        sendgrid.load_key(key)
    assert len(key) < 2 or key not in str(error.value)


# Mailgun


def webhook(token: str = "t" * 50, event: str = "delivered", at: timedelta = timedelta()) -> bytes:
    signature = signing.mailgun_signature(token, NOW + at)
    return json.dumps({"signature": signature, **posts.mailgun(event)}).encode()


def take(body: bytes, seen: mailgun.Tokens | None = None) -> None:
    mailgun.verify_webhook(body, MAILGUN_KEY, seen or mailgun.Tokens(), NOW)


def test_what_mailgun_signed_is_taken_for_as_long_as_it_tries() -> None:
    take(webhook())
    take(webhook(at=-timedelta(hours=8)))


@pytest.mark.parametrize("at", [-timedelta(hours=10), timedelta(hours=1)])
def test_mailguns_post_does_not_last(at: timedelta) -> None:
    with pytest.raises(Unsigned, match="old"):
        take(webhook(at=at))


@pytest.mark.parametrize("name", ["timestamp", "token", "signature"])
@pytest.mark.parametrize("value", ["0" * 64, "", None, 7, [], "é"])
def test_what_mailgun_did_not_sign_is_not(name: str, value: object) -> None:
    post = json.loads(webhook())
    post["signature"][name] = value
    with pytest.raises(Unsigned):
        take(json.dumps(post).encode())


def test_a_token_carries_one_post_and_no_other() -> None:
    seen = mailgun.Tokens()
    take(webhook(), seen)
    take(webhook(), seen)  # our answer was lost
    with pytest.raises(Unsigned, match="another post"):
        take(webhook(event="complained"), seen)
    take(webhook("u" * 50, "complained"), seen)


def test_a_route_and_a_webhook_share_their_tokens() -> None:
    seen = mailgun.Tokens()
    signed = {name: value.encode() for name, value in signing.mailgun_signature().items()}
    take(webhook(), seen)
    with pytest.raises(Unsigned, match="another post"):
        mailgun.verify_route({"body-mime": posts.RAW, **signed}, MAILGUN_KEY, seen, NOW)


def test_a_route_has_its_signature_among_its_fields() -> None:
    seen = mailgun.Tokens()
    signed = {name: value.encode() for name, value in signing.mailgun_signature().items()}
    fields = {"body-mime": posts.RAW, "recipient": b"r+1.x@news.example.org", **signed}
    mailgun.verify_route(fields, MAILGUN_KEY, seen, NOW)
    mailgun.verify_route(dict(reversed(fields.items())), MAILGUN_KEY, seen, NOW)
    with pytest.raises(Unsigned):
        mailgun.verify_route({**fields, "body-mime": b"another"}, MAILGUN_KEY, seen, NOW)
    with pytest.raises(Unsigned):
        mailgun.verify_route({"body-mime": posts.RAW}, MAILGUN_KEY, seen, NOW)


def test_old_tokens_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailgun, "MOST_TOKENS", 10)
    seen = mailgun.Tokens()
    for number in range(100):
        seen.take(str(number), "post")
    assert len(seen._posts) == 10
    with pytest.raises(Unsigned):
        seen.take("99", "another")


def test_a_large_webhook_is_not_read_before_it_is_verified() -> None:
    with pytest.raises(Malformed, match="larger"):
        take(b" " * (3 << 20))


# Tokens


@pytest.mark.parametrize(
    "authorization",
    [
        f"Bearer {TOKEN}",
        f"bearer  {TOKEN} ",
        signing.basic(TOKEN),
        signing.basic(TOKEN, ""),
        signing.basic(TOKEN).replace("Basic", "basic"),
    ],
)
def test_a_token_comes_as_bearer_or_as_a_password(authorization: str) -> None:
    tokens.verify(authorization, TOKEN)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Digest {TOKEN}",
        signing.basic("x"),
        signing.basic("", TOKEN),  # as the name
        "Basic " + b64encode(TOKEN.encode()).decode(),
        "Basic !",
        "Basic é",
        f"Bearer {TOKEN.upper()}",
    ],
)
def test_anything_else_is_no_token(authorization: str) -> None:
    with pytest.raises(Unsigned) as error:
        tokens.verify(authorization, TOKEN)
    assert TOKEN not in str(error.value)


def test_without_a_token_nobody_comes_in() -> None:
    for authorization in ("", "Bearer", "Bearer ", signing.basic("")):
        with pytest.raises(Unsigned):
            tokens.verify(authorization, "")


@given(
    st.text(max_size=60) | st.binary(max_size=40).map(lambda x: "Basic " + b64encode(x).decode())
)
def test_the_header_may_be_anything(authorization: str) -> None:
    with pytest.raises(Unsigned):
        tokens.verify(authorization, TOKEN)
