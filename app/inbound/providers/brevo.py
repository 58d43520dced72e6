"""Brevo's webhooks for transactional and marketing mail, single and batched.

https://developers.brevo.com/docs/transactional-webhooks. It signs nothing: the secret is a Bearer
token or a password (app.inbound.providers.tokens). Its lists of addresses are no proof. Its inbound
parsing gives a mail in pieces and never the mail itself, so mail does not come in here.
"""

from collections.abc import Mapping

from app.inbound.providers import reading
from app.inbound.providers.shapes import Event, EventKind, Malformed
from app.inbound.providers.verdicts import hardness_of, status_of
from app.inbound.sorting.shapes import Hardness

PROVIDER = "brevo"
_KINDS = {
    "hardbounce": EventKind.BOUNCE,
    "softbounce": EventKind.BOUNCE,
    "blocked": EventKind.BOUNCE,
    "invalid": EventKind.BOUNCE,
    "invalidemail": EventKind.BOUNCE,
    "error": EventKind.BOUNCE,
    "deferred": EventKind.DELAYED,
    "delivered": EventKind.DELIVERED,
    "spam": EventKind.COMPLAINT,
    "complaint": EventKind.COMPLAINT,
    "unsubscribe": EventKind.UNSUBSCRIBE,
    "unsubscribed": EventKind.UNSUBSCRIBE,
}
_HARD = ("hardbounce", "invalid", "invalidemail")


def events(body: bytes) -> list[Event]:
    """None for opens and clicks. Malformed."""
    post = reading.parse(body)
    told = reading.mappings(post) if isinstance(post, list) else [reading.mapping(post)]
    if any("items" in one for one in told):
        raise Malformed("Brevo's inbound parsing never carries the mail itself")
    found = [_event(one) for one in told]
    return [event for event in found if event]


def _event(told: Mapping[str, object]) -> Event | None:
    # hard_bounce in posts, hardBounce in its settings.
    name = reading.text(told.get("event")).lower().replace("_", "")
    kind = _KINDS.get(name)
    if kind is None:
        return None
    said = reading.text(told.get("reason"))
    status = status_of(said)
    hardness = None
    if kind is EventKind.DELAYED:
        hardness = Hardness.LATE
    elif kind is EventKind.BOUNCE:
        hardness = hardness_of(Hardness.HARD if name in _HARD else Hardness.SOFT, status, said)
    recipient = reading.address(told.get("email"))
    # Its other times are in the time zone of the account.
    at = told.get("ts_event") or told.get("ts_epoch")
    message = told.get("message-id") or told.get("camp_id")  # `id` is the webhook's
    return Event(
        kind,
        recipient,
        PROVIDER,
        reading.mark(name, recipient, message, at),
        hardness,
        status if hardness else None,
        said,
        reading.moment(at),
        reading.message_id(told.get("message-id")),
    )
