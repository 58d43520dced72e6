"""Each provider's events become ours: what happened, to whom, and what that says of the address."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.inbound.providers import brevo, mailgun, postmark, sendgrid, ses
from app.inbound.providers.shapes import Event, EventKind, Malformed
from app.inbound.providers.sns import Notice
from app.inbound.sorting.shapes import Hardness
from tests.inbound.providers import posts
from tests.inbound.providers.posts import ADA, MESSAGE_ID, RETURN_PATH

B, C, U = EventKind.BOUNCE, EventKind.COMPLAINT, EventKind.UNSUBSCRIBE
D, LATE, OTHER = EventKind.DELIVERED, EventKind.DELAYED, EventKind.OTHER
HARD, SOFT, FULL = Hardness.HARD, Hardness.SOFT, Hardness.FULL
FULL_TEXT = "552 5.2.2 mailbox full"
UNKNOWN_TEXT = "550 5.1.1 <ada@example.com>: user unknown"
POLICY_TEXT = "550 5.7.1 message rejected as spam"


def notice(message: Any) -> Notice:
    text = message if isinstance(message, str) else json.dumps(message)
    return Notice("Notification", "topic", "id-1", text, "")


def of_ses(message: Any) -> list[Event]:
    return ses.events(notice(message))


def of_sendgrid(*told: Any) -> list[Event]:
    return sendgrid.events(json.dumps(told).encode())


def of_postmark(told: Any) -> list[Event]:
    return postmark.events(json.dumps(told).encode())


def of_mailgun(told: Any) -> list[Event]:
    return mailgun.events(json.dumps(told).encode())


def of_brevo(told: Any) -> list[Event]:
    return brevo.events(json.dumps(told).encode())


def seen(found: list[Event]) -> list[tuple[EventKind, Hardness | None, str | None]]:
    return [(event.kind, event.hardness, event.status) for event in found]


# Amazon SES


@pytest.mark.parametrize(
    ("kind", "subtype", "diagnosis", "status", "hardness"),
    [
        ("Permanent", "General", "smtp; 550 5.1.1 user unknown", "5.1.1", HARD),
        ("Permanent", "NoEmail", "", "", HARD),
        ("Permanent", "Suppressed", "Amazon SES has suppressed sending", "", HARD),
        ("Permanent", "OnAccountSuppressionList", "", "", HARD),
        ("Permanent", "UnsubscribedRecipient", "", "", SOFT),
        ("Permanent", "General", "smtp; 552 5.2.2 over quota", "5.2.2", FULL),
        ("Permanent", "General", f"smtp; {POLICY_TEXT}", "5.7.1", SOFT),
        ("Transient", "General", "smtp; 451 4.3.0 try again", "4.3.0", SOFT),
        ("Transient", "General", "", "", SOFT),
        ("Transient", "MailboxFull", "", "", FULL),
        ("Transient", "MessageTooLarge", "smtp; 552 5.3.4 message too large", "5.3.4", SOFT),
        ("Transient", "ContentRejected", "", "", SOFT),
        ("Transient", "AttachmentRejected", "", "", SOFT),
        ("Undetermined", "Undetermined", "", "", SOFT),
        ("Undetermined", "Undetermined", "smtp; 550 5.1.1 user unknown", "5.1.1", HARD),
    ],
)
@pytest.mark.parametrize("published", [False, True], ids=["notification", "event"])
def test_a_bounce_of_ses(
    kind: str, subtype: str, diagnosis: str, status: str, hardness: Hardness, published: bool
) -> None:
    told = posts.ses_bounce(kind, subtype, diagnosis, status, published=published)
    (event,) = of_ses(told)
    assert (event.kind, event.hardness, event.status) == (B, hardness, status or None)
    assert (event.recipient, event.return_path) == (ADA, RETURN_PATH)
    assert (event.message_id, event.provider) == (MESSAGE_ID, "ses")
    assert event.at == datetime(2026, 11, 23, 11, 59, 58, 237000, UTC)
    assert event.text == (diagnosis if status else subtype)


def test_told_twice_by_ses_it_is_one_event() -> None:
    notified, published = (posts.ses_bounce(published=each) for each in (False, True))
    (first,), (second,) = of_ses(notified), of_ses(published)
    assert first.event_id == second.event_id
    other = posts.ses_bounce()
    other["bounce"]["bouncedRecipients"][0]["emailAddress"] = "bo@example.com"
    assert of_ses(other)[0].event_id != first.event_id


def test_ses_names_several_recipients_and_a_sender_with_a_name() -> None:
    told = posts.ses_bounce(source=f"Circle <{RETURN_PATH}>")
    told["bounce"]["bouncedRecipients"].append({"emailAddress": "bo@example.com"})
    found = of_ses(told)
    assert [event.recipient for event in found] == [ADA, "bo@example.com"]
    assert {event.return_path for event in found} == {RETURN_PATH}
    assert found[1].hardness is HARD


@pytest.mark.parametrize("published", [False, True], ids=["notification", "event"])
def test_other_news_of_ses(published: bool) -> None:
    def told(kind: str, **about: Any) -> Any:
        return posts.ses(kind, published=published, **about)

    ada = [{"emailAddress": ADA}]
    complaint = {"complainedRecipients": ada, "feedbackId": "f"}
    assert seen(of_ses(told("Complaint", **complaint, complaintFeedbackType="abuse"))) == [
        (C, None, None)
    ]
    assert seen(of_ses(told("Complaint", **complaint))) == [(C, None, None)]
    assert seen(of_ses(told("Complaint", **complaint, complaintFeedbackType="not-spam"))) == [
        (OTHER, None, None)
    ]
    delivered = told("Delivery", recipients=[ADA], smtpResponse="250 ok", processingTimeMillis=9)
    assert seen(of_ses(delivered)) == [(D, None, None)]
    delay = {"delayedRecipients": [{**ada[0], "status": "4.4.1", "diagnosticCode": "421"}]}
    assert seen(of_ses(told("DeliveryDelay", **delay, delayType="TransientCommunicationFailure")))
    assert seen(of_ses(told("DeliveryDelay", **delay, delayType="MailboxFull"))) == [
        (LATE, Hardness.LATE, "4.4.1")
    ]
    assert seen(of_ses(told("Reject", reason="Bad content"))) == [(B, SOFT, None)]
    for kind in ("Send", "Open", "Click", "Rendering Failure"):
        assert of_ses(told(kind)) == []


@pytest.mark.parametrize(
    ("preferences", "kind"),
    [
        ({"unsubscribeAll": True, "topicSubscriptionStatus": []}, U),
        ({"topicSubscriptionStatus": [{"topicName": "a", "subscriptionStatus": "OptOut"}]}, U),
        ({"topicSubscriptionStatus": [{"topicName": "a", "subscriptionStatus": "OptIn"}]}, OTHER),
    ],
)
def test_leaving_by_the_page_of_ses(preferences: Any, kind: EventKind) -> None:
    told = posts.ses("Subscription", published=True, source="UpdateContact")
    told["subscription"]["newTopicPreferences"] = preferences
    assert seen(of_ses(told)) == [(kind, None, None)]
    assert of_ses(told)[0].recipient == ADA


def test_ses_without_headers_gives_its_own_id() -> None:
    told = posts.ses_bounce()
    del told["mail"]["headers"]
    assert of_ses(told)[0].message_id == "<0102015e4f-3c1d2b6a-0000>"


def test_a_trial_by_amazon_is_no_news() -> None:
    words = "Successfully validated SNS topic for Amazon SES event publishing."
    assert of_ses(words) == []
    assert of_ses({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "…"}) == []
    assert ses.events(Notice("SubscriptionConfirmation", "t", "i", "You have chosen…", "")) == []


# SendGrid


@pytest.mark.parametrize(
    ("fields", "hardness", "status"),
    [
        ({"type": "bounce", "status": "5.1.1", "reason": UNKNOWN_TEXT}, HARD, "5.1.1"),
        ({"status": "5.0.0", "reason": "500 unknown recipient"}, HARD, "5.0.0"),
        ({"type": "bounce"}, HARD, None),
        ({"type": "blocked", "status": "5.7.1", "reason": POLICY_TEXT}, SOFT, "5.7.1"),
        ({"type": "blocked", "reason": "550 blocked for now"}, SOFT, None),
        ({"type": "expired"}, SOFT, None),
        ({"type": "bounce", "bounce_classification": "Reputation"}, SOFT, None),
        ({"type": "bounce", "bounce_classification": "Invalid Address"}, HARD, None),
        ({"type": "bounce", "status": "5.2.2", "reason": FULL_TEXT}, FULL, "5.2.2"),
        ({"type": "blocked", "reason": FULL_TEXT}, FULL, "5.2.2"),
    ],
    ids=str,
)
def test_a_bounce_of_sendgrid(
    fields: dict[str, str], hardness: Hardness, status: str | None
) -> None:
    (event,) = of_sendgrid(posts.sendgrid("bounce", **fields))
    assert (event.kind, event.hardness, event.status) == (B, hardness, status)
    assert (event.recipient, event.message_id) == (ADA, MESSAGE_ID)
    assert (event.event_id, event.provider) == ("event-bounce", "sendgrid")
    assert event.at == datetime(2026, 11, 23, 11, 59, 58, tzinfo=UTC)
    assert event.return_path is None


@pytest.mark.parametrize(
    ("event", "fields", "expected"),
    [
        ("dropped", {"reason": "Bounced Address", "status": "5.0.0"}, (B, HARD, "5.0.0")),
        ("dropped", {"reason": "Invalid"}, (B, HARD, None)),
        ("dropped", {"reason": "Unsubscribed Address"}, (B, SOFT, None)),
        ("dropped", {"reason": "Spam Reporting Address"}, (B, SOFT, None)),
        ("deferred", {"response": "451 4.7.1 try later"}, (LATE, Hardness.LATE, "4.7.1")),
        ("delivered", {"response": "250 OK"}, (D, None, None)),
        ("spamreport", {}, (C, None, None)),
        ("unsubscribe", {}, (U, None, None)),
        ("group_unsubscribe", {"asm_group_id": 10}, (U, None, None)),
        ("group_resubscribe", {"asm_group_id": 10}, (OTHER, None, None)),
    ],
)
def test_other_news_of_sendgrid(event: str, fields: dict[str, Any], expected: Any) -> None:
    assert seen(of_sendgrid(posts.sendgrid(event, **fields))) == [expected]


def test_sendgrid_tells_many_at_once_and_what_we_do_not_keep() -> None:
    told = ("processed", "open", "click", "account_status_change", "delivered", "bounce")
    found = of_sendgrid(*(posts.sendgrid(name) for name in told))
    assert [event.kind for event in found] == [D, B]


def test_sendgrid_without_an_id_still_has_a_stable_one() -> None:
    told = posts.sendgrid("dropped", reason="Invalid")
    del told["sg_event_id"]
    first, again = of_sendgrid(told, told)
    (other,) = of_sendgrid({**told, "email": "bo@example.com"})
    assert first.event_id == again.event_id != other.event_id


# Postmark


@pytest.mark.parametrize(
    ("kind", "details", "expected"),
    [
        ("HardBounce", f"smtp;{UNKNOWN_TEXT}", (B, HARD, "5.1.1")),
        ("HardBounce", "", (B, HARD, None)),
        ("HardBounce", f"smtp;{FULL_TEXT}", (B, FULL, "5.2.2")),
        ("HardBounce", f"smtp;{POLICY_TEXT}", (B, SOFT, "5.7.1")),
        ("BadEmailAddress", "", (B, HARD, None)),
        ("SoftBounce", "", (B, SOFT, None)),
        ("SoftBounce", f"smtp;{FULL_TEXT}", (B, FULL, "5.2.2")),
        ("Unknown", f"smtp;{UNKNOWN_TEXT}", (B, HARD, "5.1.1")),
        ("Unknown", "", (B, SOFT, None)),
        ("DnsError", "", (B, SOFT, None)),
        ("Blocked", "", (B, SOFT, None)),
        ("SpamNotification", "", (B, SOFT, None)),
        ("VirusNotification", "", (B, SOFT, None)),
        ("DMARCPolicy", "", (B, SOFT, None)),
        ("SMTPApiError", "", (B, SOFT, None)),
        ("ManuallyDeactivated", "", (B, SOFT, None)),
        ("Transient", "", (LATE, Hardness.LATE, None)),
        ("AutoResponder", "", (OTHER, None, None)),
        ("ChallengeVerification", "", (OTHER, None, None)),
        ("AddressChange", "", (OTHER, None, None)),
        ("Unsubscribe", "", (U, None, None)),
        ("SpamComplaint", "", (C, None, None)),
    ],
)
def test_a_bounce_of_postmark(kind: str, details: str, expected: Any) -> None:
    found = of_postmark(posts.postmark_bounce(kind, Details=details))
    assert seen(found) == [expected]
    (event,) = found
    assert event.recipient == ADA
    assert event.at == datetime(2026, 11, 23, 11, 59, 58, 907025, UTC)
    assert event.text == (details or "what Postmark says of this type")


def test_other_news_of_postmark() -> None:
    complaint = posts.postmark_bounce("SpamComplaint") | {"RecordType": "SpamComplaint"}
    assert seen(of_postmark(complaint)) == [(C, None, None)]
    delivered = posts.postmark("Delivery", Recipient=ADA, DeliveredAt="2026-11-23T11:59:58-05:00")
    (event,) = of_postmark(delivered)
    assert (event.kind, event.recipient) == (D, ADA)
    assert event.at == datetime(2026, 11, 23, 16, 59, 58, tzinfo=UTC)
    for record in ("Open", "Click"):
        assert of_postmark(posts.postmark(record, Recipient=ADA)) == []
    with pytest.raises(Malformed):
        of_postmark({"Recipient": ADA})


@pytest.mark.parametrize(
    ("suppresses", "reason", "origin", "kind"),
    [
        (True, "ManualSuppression", "Recipient", U),
        (True, "ManualSuppression", "Customer", OTHER),
        (True, "HardBounce", "Recipient", OTHER),
        (True, "SpamComplaint", "Recipient", OTHER),
        (False, None, "Recipient", OTHER),
    ],
)
def test_leaving_by_postmark(
    suppresses: bool, reason: str | None, origin: str, kind: EventKind
) -> None:
    told = posts.postmark(
        "SubscriptionChange",
        Recipient=ADA,
        ChangedAt="2026-11-23T11:59:58Z",
        Origin=origin,
        SuppressSending=suppresses,
        SuppressionReason=reason,
    )
    assert seen(of_postmark(told)) == [(kind, None, None)]


def test_events_of_postmark_have_stable_ids() -> None:
    bounce = posts.postmark_bounce("HardBounce")
    again = {**bounce, "Details": "more is known"}
    other = {**bounce, "ID": 5}
    one, two, three = (of_postmark(told)[0].event_id for told in (bounce, again, other))
    assert one == two != three


# Mailgun


@pytest.mark.parametrize(
    ("severity", "reason", "answer", "expected"),
    [
        ("permanent", "bounce", {"code": 550, "message": UNKNOWN_TEXT}, (B, HARD, "5.1.1")),
        ("permanent", "bounce", {"code": 550, "enhanced-code": "5.1.1"}, (B, HARD, "5.1.1")),
        ("permanent", "bounce", {"code": 550, "bounce-type": "hard"}, (B, HARD, None)),
        ("permanent", "bounce", {"code": 550, "bounce-type": "soft"}, (B, SOFT, None)),
        ("permanent", "suppress-bounce", {"code": 605}, (B, HARD, None)),
        ("permanent", "suppress-complaint", {"code": 607}, (B, SOFT, None)),
        ("permanent", "suppress-unsubscribe", {"code": 606}, (B, SOFT, None)),
        ("permanent", "old", {"code": 602, "message": "Too old"}, (B, SOFT, None)),
        ("permanent", "generic", {"code": 498, "message": "No MX for x"}, (B, SOFT, None)),
        ("permanent", "bounce", {"code": 552, "message": FULL_TEXT}, (B, FULL, "5.2.2")),
        ("permanent", "bounce", {"code": 550, "message": POLICY_TEXT}, (B, SOFT, "5.7.1")),
        ("temporary", "generic", {"code": 452, "message": "4.2.2 full"}, None),
        ("temporary", "greylisted", {"code": 451}, None),
    ],
    ids=str,
)
def test_a_failure_of_mailgun(severity: str, reason: str, answer: Any, expected: Any) -> None:
    found = of_mailgun(posts.mailgun_failed(severity, reason, **answer))
    if expected:
        assert seen(found) == [expected]
    else:
        assert [(event.kind, event.hardness) for event in found] == [(LATE, Hardness.LATE)]
    (event,) = found
    assert (event.recipient, event.return_path, event.message_id) == (ADA, RETURN_PATH, MESSAGE_ID)
    assert event.at == datetime(2026, 11, 23, 11, 59, 58, 529000, UTC)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("delivered", [(D, None, None)]),
        ("complained", [(C, None, None)]),
        ("unsubscribed", [(U, None, None)]),
        ("opened", []),
        ("clicked", []),
        ("accepted", []),
    ],
)
def test_other_news_of_mailgun(event: str, expected: Any) -> None:
    assert seen(of_mailgun(posts.mailgun(event))) == expected


def test_mailgun_would_not_send_it() -> None:
    told = posts.mailgun("rejected", reject={"reason": "Sandbox", "description": ""})
    del told["event-data"]["recipient"]
    (event,) = of_mailgun(told)
    assert (event.kind, event.hardness, event.text) == (B, SOFT, "Sandbox")
    assert event.recipient == ADA


def test_ids_of_mailgun_are_good_for_more_than_a_day() -> None:
    told = [posts.mailgun("delivered", timestamp=at) for at in (1795435198.5, 1795521598.5)]
    one, two = (of_mailgun(each)[0].event_id for each in told)
    assert one == of_mailgun(told[0])[0].event_id != two


# Brevo


@pytest.mark.parametrize(
    ("event", "reason", "expected"),
    [
        ("hard_bounce", UNKNOWN_TEXT, (B, HARD, "5.1.1")),
        ("hardBounce", "", (B, HARD, None)),
        ("hard_bounce", FULL_TEXT, (B, FULL, "5.2.2")),
        ("hard_bounce", POLICY_TEXT, (B, SOFT, "5.7.1")),
        ("invalid_email", "", (B, HARD, None)),
        ("soft_bounce", "", (B, SOFT, None)),
        ("soft_bounce", FULL_TEXT, (B, FULL, "5.2.2")),
        ("blocked", "", (B, SOFT, None)),
        ("error", "", (B, SOFT, None)),
        ("deferred", "4.2.1 later", (LATE, Hardness.LATE, "4.2.1")),
        ("delivered", "sent", (D, None, None)),
        ("spam", "", (C, None, None)),
        ("unsubscribed", "", (U, None, None)),
        ("unsubscribe", "", (U, None, None)),
    ],
)
def test_news_of_brevo(event: str, reason: str, expected: Any) -> None:
    found = of_brevo(posts.brevo(event, reason=reason))
    assert seen(found) == [expected]
    assert (found[0].recipient, found[0].message_id) == (ADA, MESSAGE_ID)
    assert found[0].at == datetime(2026, 11, 23, 11, 59, 58, tzinfo=UTC)


def test_brevo_tells_one_or_many_and_what_we_do_not_keep() -> None:
    names = ("request", "opened", "unique_opened", "proxy_open", "click", "delivered")
    assert [e.kind for e in of_brevo([posts.brevo(name) for name in names])] == [D]
    first, again = of_brevo([posts.brevo("spam"), posts.brevo("spam")])
    assert first.event_id == again.event_id
    assert of_brevo(posts.brevo("spam", ts_event=1795435199))[0].event_id != first.event_id


def test_mail_in_pieces_is_none() -> None:
    with pytest.raises(Malformed, match="never carries"):
        of_brevo({"items": [{"Uuid": ["x"], "RawTextBody": "hello"}]})


def test_marketing_mail_of_brevo_goes_by_its_campaign() -> None:
    told = {"id": 1, "camp_id": 7, "email": ADA, "event": "hard_bounce", "ts_event": 1795435198}
    other = {**told, "camp_id": 8}
    assert of_brevo(told)[0].event_id != of_brevo(other)[0].event_id
    assert of_brevo(told)[0].message_id is None
