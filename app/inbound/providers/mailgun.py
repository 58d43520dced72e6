"""Mailgun's webhooks and routes.

https://documentation.mailgun.com/docs/mailgun/user-manual/: webhooks/securing-webhooks,
receive-forward-store/receive-http. Its signature covers a time and a token, not the post: so a
token is good for one post alone.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock

from app.inbound.providers import reading
from app.inbound.providers.shapes import Event, EventKind, Malformed, RawMail, Unsigned
from app.inbound.providers.verdicts import hardness_of, status_of
from app.inbound.sorting.shapes import Hardness

PROVIDER = "mailgun"
OLDEST = timedelta(hours=9)  # it tries for eight
AHEAD = timedelta(minutes=15)  # clocks differ
MOST_TOKENS = 100_000

_KINDS = {
    "failed": EventKind.BOUNCE,
    "rejected": EventKind.BOUNCE,
    "delivered": EventKind.DELIVERED,
    "complained": EventKind.COMPLAINT,
    "unsubscribed": EventKind.UNSUBSCRIBE,
}
# Mailgun gave up, or would not try because of something else than the address.
_SOFT_REASONS = ("old", "suppress-complaint", "suppress-unsubscribe", "espblock", "greylisted")


class Tokens:
    """Which post each token came with, in the memory of this process."""

    def __init__(self) -> None:
        self._posts: dict[str, str] = {}
        self._lock = Lock()

    def take(self, token: str, post: str) -> None:
        """The same post may come again, when our answer was lost. Unsigned for another one."""
        with self._lock:
            if self._posts.setdefault(token, post) != post:
                raise Unsigned("its token came with another post")
            if len(self._posts) > MOST_TOKENS:
                del self._posts[next(iter(self._posts))]


def verify(signature: object, key: str, now: datetime) -> str:
    """Of the fields `timestamp`, `token` and `signature`: the token. Unsigned."""
    timestamp, token, given = (
        reading.text(reading.under(signature, name)) for name in ("timestamp", "token", "signature")
    )
    expected = hmac.digest(key.encode(), (timestamp + token).encode(), "sha256").hex()
    if not token or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Unsigned("the signature is not Mailgun's")
    at = reading.moment(timestamp) if timestamp.isascii() and timestamp.isdigit() else None
    if at is None or not now - OLDEST <= at <= now + AHEAD:
        raise Unsigned("no time, too old, or from the future")
    return token


def verify_webhook(body: bytes, key: str, tokens: Tokens, now: datetime) -> None:
    """Malformed or Unsigned."""
    post = reading.parse_unverified(body)
    tokens.take(verify(post.get("signature"), key, now), reading.mark(body))


def verify_route(fields: Mapping[str, bytes], key: str, tokens: Tokens, now: datetime) -> None:
    """Unsigned."""
    told = {name: value.decode("utf-8", "replace") for name, value in fields.items()}
    posted = reading.mark(*(part for name in sorted(fields) for part in (name, fields[name])))
    tokens.take(verify(told, key, now), posted)


def events(body: bytes) -> list[Event]:
    """Of one webhook; none for opens and clicks. Malformed."""
    told = reading.mapping(reading.mapping(reading.parse(body)).get("event-data"))
    name = reading.text(told.get("event"))
    kind = _KINDS.get(name)
    return [_event(told, name, kind)] if kind else []


def raw_mails(fields: Mapping[str, bytes]) -> list[RawMail]:
    """Of a route whose URL ends in `mime`. Malformed when it is parsed for us instead."""
    raw = fields.get("body-mime")
    if not raw:
        raise Malformed("body-mime is expected: the route's URL must end in mime")
    to = fields.get("recipient", b"").decode("utf-8", "replace").split(",")
    sender = fields.get("sender")
    return [
        RawMail(
            raw,
            None if sender is None else reading.envelope_sender(sender.decode("utf-8", "replace")),
            tuple(filter(None, map(reading.address, to))),
        )
    ]


def _event(told: Mapping[str, object], name: str, kind: EventKind) -> Event:
    answer = told.get("delivery-status")
    said = (
        reading.text(reading.under(answer, "message"))
        or reading.text(reading.under(answer, "description"))
        or reading.text(reading.under(told, "reject", "reason"))
    )
    status = status_of(reading.text(reading.under(answer, "enhanced-code")), said)
    hardness = None
    if name == "failed" and told.get("severity") == "temporary":
        kind, hardness = EventKind.DELAYED, Hardness.LATE
    elif kind is EventKind.BOUNCE:
        hardness = hardness_of(_said(told, name, answer), status, said)
    return Event(
        kind,
        reading.address(told.get("recipient") or reading.under(told, "message", "headers", "to")),
        PROVIDER,
        # An id is unique within a day.
        reading.mark(told.get("id"), told.get("timestamp"), name),
        hardness,
        status if hardness else None,
        said,
        reading.moment(told.get("timestamp")),
        reading.message_id(reading.under(told, "message", "headers", "message-id")),
        reading.address(reading.under(told, "envelope", "sender")) or None,
    )


def _said(told: Mapping[str, object], name: str, answer: object) -> Hardness:
    code = reading.under(answer, "code")
    refused = (
        not isinstance(code, int) or code >= 500
    )  # Mailgun's own 498 and 499: nobody was asked
    soft = (
        name == "rejected"
        or reading.text(told.get("reason")) in _SOFT_REASONS
        or reading.under(answer, "bounce-type") == "soft"
        or not (refused or told.get("reason") == "suppress-bounce")
    )
    return Hardness.SOFT if soft else Hardness.HARD
