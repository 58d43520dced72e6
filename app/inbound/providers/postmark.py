"""Postmark's webhooks: what became of our mail, and mail that came in.

https://postmarkapp.com/developer/webhooks/webhooks-overview. It signs nothing: the secret is the
password of HTTP Basic, which it sends when it stands in the webhook's URL (app.inbound.providers.
tokens).
"""

from collections.abc import Mapping

from app.inbound.providers import reading
from app.inbound.providers.shapes import Event, EventKind, Malformed, RawMail
from app.inbound.providers.verdicts import hardness_of, status_of
from app.inbound.sorting.shapes import Hardness

PROVIDER = "postmark"
# https://postmarkapp.com/developer/api/bounce-api#bounce-types; the rest is soft.
_SAID = {"HardBounce": Hardness.HARD, "BadEmailAddress": Hardness.HARD, "Unknown": None}
_KINDS = {
    "Transient": EventKind.DELAYED,
    "Unsubscribe": EventKind.UNSUBSCRIBE,
    "SpamComplaint": EventKind.COMPLAINT,
    **dict.fromkeys(
        (
            *("Subscribe", "AutoResponder", "AddressChange", "OpenRelayTest"),
            *("ChallengeVerification", "Unconfirmed", "InboundError"),
        ),
        EventKind.OTHER,
    ),
}
_TIMES = ("DeliveredAt", "BouncedAt", "ChangedAt")


def events(body: bytes) -> list[Event]:
    """Of one webhook; none for opens, clicks and mail that came in. Malformed."""
    post = reading.mapping(reading.parse(body))
    record = reading.text(post.get("RecordType"))
    if record in ("Bounce", "SpamComplaint"):
        return [_bounce(post, record)]
    if record == "Delivery":
        return [_event(post, EventKind.DELIVERED)]
    if record == "SubscriptionChange":
        return [_event(post, _change(post))]
    if not record and "RawEmail" not in post:
        raise Malformed("a RecordType is expected")
    return []


def raw_mails(body: bytes) -> list[RawMail]:
    """Of an inbound webhook; none for the other webhooks. Malformed when the raw mail is not in
    it."""
    post = reading.mapping(reading.parse(body))
    if reading.text(post.get("RecordType")) not in ("", "Inbound"):
        return []
    raw = post.get("RawEmail")
    if not isinstance(raw, str) or not raw:
        raise Malformed("RawEmail is expected: tick 'Include raw email content in JSON payload'")
    original = reading.address(post.get("OriginalRecipient"))
    named = [
        reading.address(reading.under(one, "Email"))
        for field in ("ToFull", "CcFull", "BccFull")
        for one in reading.listed(post.get(field))
    ]
    recipients = (original,) if original else tuple(filter(None, named))
    return [RawMail(raw.encode("utf-8", "replace"), None, recipients)]


def _bounce(post: Mapping[str, object], record: str) -> Event:
    kind = reading.text(post.get("Type"))
    if record == "SpamComplaint":
        return _event(post, EventKind.COMPLAINT)
    found = _KINDS.get(kind, EventKind.BOUNCE)
    said: Hardness | None
    if found is EventKind.BOUNCE:
        said = _SAID.get(kind, Hardness.SOFT)
    elif found is EventKind.DELAYED:
        said = Hardness.LATE
    else:
        return _event(post, found)
    details = _details(post)
    return _event(post, found, hardness_of(said, status_of(details), details))


def _change(post: Mapping[str, object]) -> EventKind:
    """Only what the recipient chose is leaving; bounces and complaints are told by themselves."""
    left = (
        post.get("SuppressSending") is True
        and post.get("SuppressionReason") == "ManualSuppression"
        and post.get("Origin") == "Recipient"
    )
    return EventKind.UNSUBSCRIBE if left else EventKind.OTHER


def _event(post: Mapping[str, object], kind: EventKind, hardness: Hardness | None = None) -> Event:
    recipient = reading.address(post.get("Email") or post.get("Recipient"))
    at = next((post[name] for name in _TIMES if name in post), None)
    record = post.get("RecordType")
    own_id = reading.text(post.get("ID"))
    told = (own_id,) if own_id else (post.get("MessageID"), recipient, at)
    details = _details(post)
    return Event(
        kind,
        recipient,
        PROVIDER,
        reading.mark(record, *told),
        hardness,
        status_of(details) if hardness else None,
        details,
        reading.moment(at),
        reading.message_id(post.get("MessageID")),
    )


def _details(post: Mapping[str, object]) -> str:
    return reading.text(post.get("Details")) or reading.text(post.get("Description"))
