"""SendGrid's Event Webhook.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/: event,
getting-started-event-webhook-security-features. Its Inbound Parse comes through the door for raw
MIME (app.inbound.providers.posted).
"""

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from app.inbound.providers import reading
from app.inbound.providers.shapes import Event, EventKind, Unsigned
from app.inbound.providers.verdicts import hardness_of, status_of
from app.inbound.sorting.shapes import Hardness

PROVIDER = "sendgrid"
OLDEST = timedelta(hours=26)  # it tries for a day
AHEAD = timedelta(minutes=15)  # clocks differ

_KINDS = {
    "bounce": EventKind.BOUNCE,
    "dropped": EventKind.BOUNCE,
    "deferred": EventKind.DELAYED,
    "delivered": EventKind.DELIVERED,
    "spamreport": EventKind.COMPLAINT,
    "unsubscribe": EventKind.UNSUBSCRIBE,
    "group_unsubscribe": EventKind.UNSUBSCRIBE,
    "group_resubscribe": EventKind.OTHER,
}
# Of what the classification of a bounce blames, these are not the address.
_NOT_THE_ADDRESS = ("Technical", "Content", "Reputation", "Frequency or Volume Too High")
_DROPPED_FOR_THE_ADDRESS = ("bounced address", "invalid")


@lru_cache(4)
def load_key(text: str) -> EllipticCurvePublicKey:
    """The verification key as SendGrid shows it: DER in base64. ValueError says what is wrong."""
    try:
        key = load_der_public_key(b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("the verification key that SendGrid shows is expected") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("a key on the curve P-256 is expected")
    return key


def verify(body: bytes, signature: str, timestamp: str, key: str, now: datetime) -> None:
    """Of the headers X-Twilio-Email-Event-Webhook-Signature and -Timestamp. Unsigned."""
    at = reading.moment(timestamp) if timestamp.isascii() and timestamp.isdigit() else None
    if at is None or not now - OLDEST <= at <= now + AHEAD:
        raise Unsigned("no time, too old, or from the future")
    try:
        given = b64decode(signature, validate=True)
        load_key(key).verify(given, timestamp.encode() + body, ECDSA(SHA256()))
    except (ValueError, InvalidSignature):
        raise Unsigned("the signature is not SendGrid's") from None


def events(body: bytes) -> list[Event]:
    """Malformed."""
    found = [_event(one) for one in reading.mappings(reading.parse(body))]
    return [event for event in found if event]


def _event(one: Mapping[str, object]) -> Event | None:
    name = reading.text(one.get("event"))
    kind = _KINDS.get(name)
    if kind is None:
        return None
    said = reading.text(one.get("reason") or one.get("response"))
    status = status_of(reading.text(one.get("status")), said)
    recipient = reading.address(one.get("email"))
    own_id = reading.text(one.get("sg_event_id"))
    told = (name, recipient, one.get("timestamp"), one.get("sg_message_id"), said)
    return Event(
        kind,
        recipient,
        PROVIDER,
        own_id or reading.mark(*told),
        _hardness(name, one, status, said),
        None if kind in (EventKind.UNSUBSCRIBE, EventKind.COMPLAINT) else status,
        said,
        reading.moment(one.get("timestamp")),
        # Over SMTP it is the Message-ID that we gave; its own, when it knows no other.
        reading.message_id(one.get("smtp-id")) or reading.message_id(one.get("sg_message_id")),
    )


def _hardness(
    name: str, one: Mapping[str, object], status: str | None, said: str
) -> Hardness | None:
    if name == "deferred":
        return Hardness.LATE
    if name == "dropped":  # by SendGrid, before anybody was asked
        hard = said.lower().startswith(_DROPPED_FOR_THE_ADDRESS)
    elif name == "bounce":
        blames = reading.text(one.get("bounce_classification"))
        kind = reading.text(one.get("type"))  # "blocked" and "expired" are for now
        hard = kind in ("", "bounce") and blames not in _NOT_THE_ADDRESS
    else:
        return None
    return hardness_of(Hardness.HARD if hard else Hardness.SOFT, status, said)
