"""Posts in the shapes that the providers document, about invented people."""

from typing import Any

RETURN_PATH = "b+1.abcdefghijklmnopqrstuvwx@news.example.org"
MESSAGE_ID = "<1.abcdefghijklmnopqrstuvwx@news.example.org>"
ADA = "ada@example.com"
RAW = (
    b"From: Ada <ada@example.com>\r\nTo: r+1.abc@news.example.org\r\n"
    b"Subject: =?iso-8859-1?q?D=E9j=E0?=\r\nMessage-ID: <7@example.com>\r\n\r\nFait.\r\n"
)


def ses(kind: str, *, published: bool = False, source: str = RETURN_PATH, **about: Any) -> Any:
    """`published`: by event publishing, rather than an identity's notifications."""
    name = {"DeliveryDelay": "deliveryDelay"}.get(kind, kind.lower())
    return {
        "eventType" if published else "notificationType": kind,
        name: {"timestamp": "2026-11-23T11:59:58.237Z", **about},
        "mail": {
            "timestamp": "2026-11-23T11:59:00.000Z",
            "messageId": "0102015e4f-3c1d2b6a-0000",
            "source": source,
            "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/example.org",
            "sendingAccountId": "123456789012",
            "destination": [ADA],
            "headersTruncated": False,
            "headers": [
                {"name": "From", "value": "Circle <circle@example.org>"},
                {"name": "Message-ID", "value": MESSAGE_ID},
            ],
        },
    }


def ses_bounce(
    kind: str = "Permanent",
    subtype: str = "General",
    diagnosis: str = "smtp; 550 5.1.1 user unknown",
    status: str = "5.1.1",
    **more: Any,
) -> Any:
    recipient = {"emailAddress": "Ada <Ada@Example.com>", "action": "failed"}
    if status:
        recipient |= {"status": status, "diagnosticCode": diagnosis}
    return ses(
        "Bounce",
        bounceType=kind,
        bounceSubType=subtype,
        bouncedRecipients=[recipient],
        feedbackId="0102015e4f-feedback-000000",
        reportingMTA="dsn; a1-2.smtp-out.eu-west-1.amazonses.com",
        **more,
    )


def ses_received(content: str, encoding: str = "BASE64", **fields: Any) -> Any:
    return {
        "notificationType": "Received",
        "receipt": {
            "timestamp": "2026-11-23T11:59:58.237Z",
            "recipients": ["R+1.abc@news.example.org"],
            "action": {"type": "SNS", "topicArn": "arn", "encoding": encoding},
        },
        "mail": {"source": "ada@example.com", "destination": ["r+1.abc@news.example.org"]},
        "content": content,
        **fields,
    }


def sendgrid(event: str, **fields: Any) -> dict[str, Any]:
    return {
        "email": ADA,
        "timestamp": 1795435198,
        "smtp-id": MESSAGE_ID,
        "event": event,
        "category": ["news"],
        "sg_event_id": f"event-{event}",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001",
        **fields,
    }


def postmark(record: str, **fields: Any) -> dict[str, Any]:
    return {
        "RecordType": record,
        "MessageStream": "broadcast",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "ServerID": 23,
        "Metadata": {},
        "Tag": "news",
        **fields,
    }


def postmark_bounce(kind: str, **fields: Any) -> dict[str, Any]:
    return postmark(
        "Bounce",
        **{
            "ID": 4323372036854775807,
            "Type": kind,
            "TypeCode": 1,
            "Name": kind,
            "Details": "",
            "Description": "what Postmark says of this type",
            "Email": ADA,
            "From": "circle@example.org",
            "BouncedAt": "2026-11-23T11:59:58.9070259Z",
            "Inactive": True,
            **fields,
        },
    )


def mailgun(event: str, **fields: Any) -> dict[str, Any]:
    return {
        "event-data": {
            "event": event,
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "timestamp": 1795435198.529,
            "recipient": ADA,
            "recipient-domain": "example.com",
            "envelope": {"sender": RETURN_PATH, "transport": "smtp", "targets": ADA},
            "message": {"headers": {"message-id": MESSAGE_ID.strip("<>"), "to": f"Ada <{ADA}>"}},
            "flags": {"is-test-mode": False},
            **fields,
        }
    }


def mailgun_failed(severity: str, reason: str, **status: Any) -> dict[str, Any]:
    return mailgun(
        "failed",
        **{"severity": severity, "reason": reason, "delivery-status": {"attempt-no": 1, **status}},
    )


def brevo(event: str, **fields: Any) -> dict[str, Any]:
    return {
        "event": event,
        "email": ADA,
        "id": 26224,
        "date": "2026-11-23 12:59:58",
        "ts": 1795435198,
        "ts_event": 1795435198,
        "ts_epoch": 1795435198237,
        "message-id": MESSAGE_ID,
        "subject": "News",
        "tag": "",
        "sending_ip": "192.0.2.1",
        "template_id": 0,
        "tags": [],
        **fields,
    }
