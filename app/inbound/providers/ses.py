"""Amazon SES, told through SNS: what became of our mail, and mail that came in.

https://docs.aws.amazon.com/ses/latest/dg/: notification-contents.html (`notificationType`),
event-publishing-retrieving-sns-contents.html (`eventType`, else the same),
receiving-email-notifications-contents.html (`Received`).
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping

from app.inbound.providers import reading
from app.inbound.providers.shapes import Event, EventKind, Malformed, RawMail
from app.inbound.providers.sns import NOTIFICATION, Notice
from app.inbound.providers.verdicts import hardness_of, status_of
from app.inbound.sorting.shapes import Hardness

PROVIDER = "ses"
# SNS and SES try a topic out with words, and anybody with the rights may publish some.
_NO_JSON = ("Successfully validated",)


def events(notice: Notice) -> list[Event]:
    """What SES tells of mail that we sent. Malformed."""
    told = _told(notice)
    readers = {
        "Bounce": _bounces,
        "Complaint": _complaints,
        "Delivery": _deliveries,
        "DeliveryDelay": _delays,
        "Reject": _rejections,
        "Subscription": _subscriptions,
    }
    reader = readers.get(_type(told))
    return list(reader(told, notice)) if reader else []


def raw_mails(notice: Notice) -> list[RawMail]:
    """A mail that a receipt rule's SNS action carries with it. Malformed when the rule keeps the
    mail elsewhere."""
    told = _told(notice)
    if _type(told) != "Received":
        return []
    content = told.get("content")
    if not isinstance(content, str) or not content:
        raise Malformed("the mail itself is not in it: the rule's SNS action must carry it")
    raw = content.encode("utf-8", "replace")
    if reading.text(reading.under(told, "receipt", "action", "encoding")).upper() == "BASE64":
        try:
            raw = b64decode(raw, validate=False)
        except ValueError:
            raise Malformed("base64 is expected") from None
    to = reading.listed(reading.under(told, "receipt", "recipients"))
    recipients = tuple(filter(None, map(reading.address, to)))
    return [
        RawMail(raw, reading.envelope_sender(reading.under(told, "mail", "source")), recipients)
    ]


def _told(notice: Notice) -> Mapping[str, object]:
    if notice.type != NOTIFICATION or notice.message.startswith(_NO_JSON):
        return {}
    return reading.mapping(reading.parse(notice.message))


def _type(told: Mapping[str, object]) -> str:
    return reading.text(told.get("eventType") or told.get("notificationType"))


def _bounces(told: Mapping[str, object], notice: Notice) -> Iterator[Event]:
    bounce = reading.mapping(told.get("bounce"))
    subtype = reading.text(bounce.get("bounceSubType"))
    for one in reading.mappings(bounce.get("bouncedRecipients")):
        diagnosis = reading.text(one.get("diagnosticCode"))
        status = status_of(reading.text(one.get("status")), diagnosis)
        said = _said(reading.text(bounce.get("bounceType")), subtype)
        yield _event(
            told,
            notice,
            "bounce",
            EventKind.BOUNCE,
            one.get("emailAddress"),
            hardness=hardness_of(said, status, diagnosis),
            status=status,
            text=diagnosis or subtype,
        )


def _said(kind: str, subtype: str) -> Hardness | None:
    if subtype == "MailboxFull":
        return Hardness.FULL
    if subtype == "UnsubscribedRecipient":  # by SES's own page: the address works
        return Hardness.SOFT
    return {"Permanent": Hardness.HARD, "Transient": Hardness.SOFT}.get(kind)


def _complaints(told: Mapping[str, object], notice: Notice) -> Iterator[Event]:
    complaint = reading.mapping(told.get("complaint"))
    feedback = reading.text(complaint.get("complaintFeedbackType"))
    kind = EventKind.OTHER if feedback == "not-spam" else EventKind.COMPLAINT  # RFC 6430
    for one in reading.mappings(complaint.get("complainedRecipients")):
        to = one.get("emailAddress")
        yield _event(told, notice, "complaint", kind, to, text=feedback)


def _deliveries(told: Mapping[str, object], notice: Notice) -> Iterator[Event]:
    delivery = reading.mapping(told.get("delivery"))
    response = reading.text(delivery.get("smtpResponse"))
    for to in reading.listed(delivery.get("recipients")):
        yield _event(told, notice, "delivery", EventKind.DELIVERED, to, text=response)


def _delays(told: Mapping[str, object], notice: Notice) -> Iterator[Event]:
    delay = reading.mapping(told.get("deliveryDelay"))
    for one in reading.mappings(delay.get("delayedRecipients")):
        diagnosis = reading.text(one.get("diagnosticCode"))
        yield _event(
            told,
            notice,
            "deliveryDelay",
            EventKind.DELAYED,
            one.get("emailAddress"),
            hardness=Hardness.LATE,
            status=status_of(reading.text(one.get("status")), diagnosis),
            text=diagnosis or reading.text(delay.get("delayType")),
        )


def _rejections(told: Mapping[str, object], notice: Notice) -> Iterator[Event]:
    """SES took it and then did not send it: it found a virus."""
    reason = reading.text(reading.under(told, "reject", "reason"))
    for to in reading.listed(reading.under(told, "mail", "destination")):
        yield _event(
            told, notice, "reject", EventKind.BOUNCE, to, hardness=Hardness.SOFT, text=reason
        )


def _subscriptions(told: Mapping[str, object], notice: Notice) -> Iterator[Event]:
    """Somebody used SES's own subscription page: out of something, or back into it."""
    new = reading.under(told, "subscription", "newTopicPreferences")
    topics = reading.listed(reading.under(new, "topicSubscriptionStatus"))
    out = any(reading.under(one, "subscriptionStatus") == "OptOut" for one in topics)
    left = out or reading.under(new, "unsubscribeAll") is True
    for to in reading.listed(reading.under(told, "mail", "destination")):
        kind = EventKind.UNSUBSCRIBE if left else EventKind.OTHER
        yield _event(told, notice, "subscription", kind, to)


def _event(
    told: Mapping[str, object],
    notice: Notice,
    about: str,
    kind: EventKind,
    to: object,
    *,
    hardness: Hardness | None = None,
    status: str | None = None,
    text: str = "",
) -> Event:
    recipient = reading.address(to)
    # Told both as a notification and as an event, it has the same feedbackId.
    feedback = reading.under(told, about, "feedbackId") or notice.message_id
    at = reading.under(told, about, "timestamp") or reading.under(told, "mail", "timestamp")
    return Event(
        kind,
        recipient,
        PROVIDER,
        reading.mark(about, feedback, recipient),
        hardness,
        status,
        text,
        reading.moment(at),
        _message_id(told.get("mail")),
        reading.address(reading.under(told, "mail", "source")) or None,
    )


def _message_id(mail: object) -> str | None:
    """Ours, where the topic carries the header; SES puts its own in its place on the way."""
    for field in reading.listed(reading.under(mail, "headers")):
        if reading.text(reading.under(field, "name")).lower() == "message-id":
            return reading.message_id(reading.under(field, "value"))
    return reading.message_id(reading.under(mail, "messageId"))
