"""Mail that providers post: the same bytes come out that went in."""

import json
from base64 import b64encode
from io import BytesIO
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage
from werkzeug.test import EnvironBuilder

from app.inbound.providers import mailgun, posted, postmark, ses
from app.inbound.providers.shapes import Malformed, RawMail
from app.inbound.providers.sns import Notice
from tests.inbound.providers import posts
from tests.inbound.providers.posts import RAW

HOSTILE = bytes(range(256)) * 3 + b"\r\n--\r\n\0\r\n--boundary--\r\n" + "dé".encode("latin-1")
TO = "r+1.abc@news.example.org"


def quoted(byte: int) -> bytes:
    return quote_plus(bytes([byte])).encode()


def multipart(fields: dict[str, bytes], files: dict[str, bytes] | None = None) -> tuple[str, bytes]:
    """(Content-Type, body), written by hand so that no library recodes a field."""
    body = b""
    for name, value in fields.items():
        head = f'--boundary-7\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        body += head.encode() + value + b"\r\n"
    for name, value in (files or {}).items():
        head = (
            f'--boundary-7\r\nContent-Disposition: form-data; name="{name}"; filename="m.eml"\r\n'
        )
        body += head.encode() + b"Content-Type: message/rfc822\r\n\r\n" + value + b"\r\n"
    return "multipart/form-data; boundary=boundary-7", body + b"--boundary-7--\r\n"


@pytest.mark.parametrize("raw", [RAW, HOSTILE, b"\0", b"x"], ids=["mail", "hostile", "NUL", "x"])
@pytest.mark.parametrize("kind", ["message/rfc822", "Message/RFC822; x=y", "message/global"])
def test_a_mail_as_the_body(raw: bytes, kind: str) -> None:
    assert posted.raw_mails(kind, raw) == [RawMail(raw)]


@pytest.mark.parametrize("name", ["email", "body-mime", "RawEmail"])
@pytest.mark.parametrize("raw", [RAW, HOSTILE], ids=["mail", "hostile"])
def test_a_mail_in_a_field_or_a_file(name: str, raw: bytes) -> None:
    assert posted.raw_mails(*multipart({name: raw}))[0].raw == raw
    assert posted.raw_mails(*multipart({"a": b"b"}, {name: raw}))[0].raw == raw
    form = urlencode({name: raw}).encode()
    assert posted.raw_mails("application/x-www-form-urlencoded", form)[0].raw == raw


def test_inbound_parse_of_sendgrid_names_the_envelope() -> None:
    envelope = json.dumps({"to": [TO, "R+2.DEF@news.example.org"], "from": "Ada@example.com"})
    fields = {"email": RAW, "envelope": envelope.encode(), "charsets": b"{}", "SPF": b"pass"}
    (mail,) = posted.raw_mails(*multipart(fields))
    assert mail == RawMail(RAW, "ada@example.com", (TO, "r+2.def@news.example.org"))


@pytest.mark.parametrize("sender", ["", "<>"])
def test_the_null_sender_is_known_as_such(sender: str) -> None:
    envelope = json.dumps({"to": [TO], "from": sender}).encode()
    assert posted.raw_mails(*multipart({"email": RAW, "envelope": envelope}))[0].envelope_from == ""
    fields = {"body-mime": RAW, "sender": sender.encode()}
    assert mailgun.raw_mails(fields)[0].envelope_from == ""


@pytest.mark.parametrize("envelope", [b"", b"x", b"[]", b"7", b'{"to": 7, "from": []}'])
def test_a_strange_envelope_does_not_lose_the_mail(envelope: bytes) -> None:
    assert posted.raw_mails(*multipart({"email": RAW, "envelope": envelope}))[0].raw == RAW


def test_a_mail_in_pieces_is_refused() -> None:
    for fields in ({"text": b"hello"}, {"email": b""}, {}):
        with pytest.raises(Malformed):
            posted.raw_mails(*multipart(fields))
    for kind in ("application/json", "text/plain", "", "multipart/form-data", "a;b;=c\0"):
        with pytest.raises(Malformed):
            posted.raw_mails(kind, b"x")


def test_a_form_that_breaks_off_is_refused() -> None:
    kind, body = multipart({"email": RAW})
    for end in (1, 20, len(body) // 2, len(body) - 5):
        with pytest.raises(Malformed):
            posted.fields(kind, body[:end])


def test_a_form_that_is_all_head_is_refused() -> None:
    for body in (b"x", b"--boundary-7\r\nx", b"--boundary-7\r\n" + b"a: b\r\n"):
        with pytest.raises(Malformed):
            posted.fields("multipart/form-data; boundary=boundary-7", body * 3_000_000)


def test_a_form_of_many_fields_is_refused() -> None:
    many = {str(number): b"x" for number in range(posted.MOST_FIELDS + 1)}
    with pytest.raises(Malformed):
        posted.fields(*multipart(many))
    with pytest.raises(Malformed):
        posted.fields("application/x-www-form-urlencoded", urlencode(many).encode())


def test_of_two_fields_the_last_counts() -> None:
    form = b"recipient=a%40b&recipient=c%40d"
    found = posted.fields("application/x-www-form-urlencoded", form)
    assert found == {"recipient": b"c@d"}


@given(st.dictionaries(st.sampled_from(["email", "a", "é"]), st.binary(max_size=300), min_size=1))
def test_what_another_program_writes_is_read(fields: dict[str, bytes]) -> None:
    data = {name: FileStorage(BytesIO(value), "x") for name, value in fields.items()}
    builder = EnvironBuilder(method="POST", data=data)
    environ = builder.get_environ()
    builder.close()
    body = environ["wsgi.input"].read()
    assert posted.fields(environ["CONTENT_TYPE"], body) == fields


@given(st.dictionaries(st.text(max_size=5), st.binary(max_size=300), min_size=1))
def test_what_urllib_writes_is_read(fields: dict[str, bytes]) -> None:
    body = urlencode(fields).encode()
    assert posted.fields("application/x-www-form-urlencoded", body) == fields


@pytest.mark.parametrize("lavish", [True, False])
def test_each_byte_may_be_escaped(lavish: bool) -> None:
    escaped = b"".join(b"%%%02x" % byte if lavish else quoted(byte) for byte in HOSTILE)
    form = b"email=" + escaped + b"&a"
    found = posted.fields("application/x-www-form-urlencoded", form)
    assert found == {"email": HOSTILE, "a": b""}


# Mailgun's routes


def test_a_route_of_mailgun() -> None:
    fields = {"body-mime": HOSTILE, "recipient": f"{TO},X@y.org".encode(), "sender": b"Ada@x.org"}
    assert mailgun.raw_mails(fields) == [RawMail(HOSTILE, "ada@x.org", (TO, "x@y.org"))]
    assert mailgun.raw_mails({"body-mime": RAW}) == [RawMail(RAW, None, ())]
    with pytest.raises(Malformed, match="end in mime"):
        mailgun.raw_mails({"body-plain": b"hello", "stripped-text": b"hello"})


# Postmark


def inbound(**fields: Any) -> bytes:
    return json.dumps({"FromFull": {"Email": "ada@x.org"}, "MessageID": "guid", **fields}).encode()


def test_an_inbound_webhook_of_postmark() -> None:
    named = {"ToFull": [{"Email": TO}], "CcFull": [{"Email": "C@x.org"}, {}], "BccFull": None}
    raw = RAW.decode()
    assert postmark.raw_mails(inbound(RawEmail=raw, OriginalRecipient=TO.upper(), **named)) == [
        RawMail(RAW, None, (TO,))
    ]
    assert postmark.raw_mails(inbound(RawEmail=raw, **named)) == [
        RawMail(RAW, None, (TO, "c@x.org"))
    ]
    assert postmark.raw_mails(inbound(RawEmail=raw, RecordType="Inbound"))[0].raw == RAW
    assert postmark.events(inbound(RawEmail=raw)) == []
    with pytest.raises(Malformed, match="Include raw email"):
        postmark.raw_mails(inbound(TextBody="hello"))


def test_an_event_of_postmark_is_no_mail() -> None:
    assert postmark.raw_mails(json.dumps(posts.postmark_bounce("HardBounce")).encode()) == []


# Amazon SES


def notice(message: Any) -> Notice:
    return Notice("Notification", "topic", "id", json.dumps(message), "")


@pytest.mark.parametrize(
    ("content", "encoding", "raw"),
    [
        (b64encode(HOSTILE).decode(), "BASE64", HOSTILE),
        (b64encode(RAW).decode(), "Base64", RAW),
        (RAW.decode(), "UTF8", RAW),
        ("Subject: é\r\n\r\n", "UTF-8", "Subject: é\r\n\r\n".encode()),
    ],
)
def test_a_receipt_rule_of_ses(content: str, encoding: str, raw: bytes) -> None:
    message = posts.ses_received(content, encoding)
    assert ses.raw_mails(notice(message)) == [RawMail(raw, "ada@example.com", (TO,))]
    assert ses.events(notice(message)) == []


def test_mail_that_ses_put_elsewhere_is_refused() -> None:
    with pytest.raises(Malformed, match="must carry it"):
        ses.raw_mails(notice(posts.ses_received("")))
    elsewhere = posts.ses_received("x")
    del elsewhere["content"]
    with pytest.raises(Malformed):
        ses.raw_mails(notice(elsewhere))
    with pytest.raises(Malformed, match="base64"):
        ses.raw_mails(notice(posts.ses_received("x")))


def test_an_event_of_ses_is_no_mail() -> None:
    assert ses.raw_mails(notice(posts.ses_bounce())) == []
