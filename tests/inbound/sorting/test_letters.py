"""Copies of letters, addressees' answers, and notes that went to the wrong address."""

import pytest

from app.inbound.sorting import verdict
from app.inbound.sorting.shapes import Kind, Purpose
from tests.inbound.sorting import came_in
from tests.inbound.sorting.came_in import (
    DOMAIN,
    EMBASSY,
    FOR,
    LETTER,
    MEMBER,
    MINISTER,
    mail,
    multipart,
    part,
)

COPY, REPLY = FOR[Purpose.COPY], FOR[Purpose.REPLY]
PRESIDENT = "president@x.example.gov"


def forwarded(sender: str, to: str = MEMBER, text: str = "We note it.") -> str:
    return (
        f"---------- Forwarded message ---------\nFrom: X <{sender}>\nDate: Mon, 2 Mar 2026\n"
        f"Subject: Your letter\nTo: <{to}>\n\n{text}"
    )


def attached(sender: str, to: str) -> tuple[str, str]:
    inner = f"From: {sender}\nTo: {to}\nSubject: Letter\n\nText"
    return multipart("mixed", part("text/plain", "Below"), part("message/rfc822", inner))


def kind(raw: bytes, *recipients: str) -> Kind:
    return verdict.sort(raw, MEMBER, recipients, came_in.read, came_in.is_addressee).kind


@pytest.mark.parametrize(
    ("raw", "recipients"),
    [
        (mail(LETTER, "Concern", to=PRESIDENT), (COPY,)),
        (mail("Dear Sir, please act. Anna", "Concern", to=PRESIDENT), (COPY,)),
        (mail(LETTER, "Concern", to=f"{MINISTER}, {COPY}"), ()),
        (mail(LETTER, "Concern", to=MINISTER, headers=f"Bcc: {COPY}\n"), ()),
        (mail(LETTER, "Concern", to=MINISTER), (REPLY,)),
        (mail(LETTER, "Concern", to="undisclosed-recipients:;"), (COPY,)),
        (mail(LETTER, "Concern", to=COPY), ()),
        (mail(forwarded(MEMBER, PRESIDENT, LETTER), "Fwd: Concern", to=COPY), ()),
        (mail(forwarded("anna@home.example", MINISTER, LETTER), "Fwd: Concern", to=COPY), ()),
    ],
)
def test_a_member_s_letter_is_a_letter(raw: bytes, recipients: tuple[str, ...]) -> None:
    assert kind(raw, *recipients) is Kind.LETTER


def test_an_attached_document_or_mail_of_their_own_is_a_letter() -> None:
    scan = "Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n"
    content_type, body = multipart(
        "mixed", part("text/plain", "My letter"), part("application/pdf", "JVBERi0=", scan)
    )
    assert kind(mail(body, "x", to=COPY, content_type=content_type)) is Kind.LETTER
    content_type, body = attached(MEMBER, EMBASSY)
    assert kind(mail(body, "Fwd: x", to=COPY, content_type=content_type)) is Kind.LETTER


@pytest.mark.parametrize("to", [COPY, REPLY])
def test_an_addressee_s_answer_is_told_by_who_wrote_it(to: str) -> None:
    assert kind(mail("We note it.", "Your letter", to, f"Minister <{MINISTER}>")) is Kind.ADDRESSEE
    assert kind(mail(forwarded(MINISTER.upper()), "Fwd: x", to)) is Kind.ADDRESSEE
    content_type, body = attached(EMBASSY, MEMBER)
    assert kind(mail(body, "Fwd: x", to, content_type=content_type)) is Kind.ADDRESSEE


def test_forwarded_from_an_address_not_on_file_is_believed_of_the_copy_s_address_alone() -> None:
    text = forwarded("aide@x.example.gov")
    assert kind(mail(text, "Fwd: Your letter", to=COPY)) is Kind.ADDRESSEE
    assert kind(mail(text, "Fwd: Your letter", to=REPLY)) is Kind.REPLY


@pytest.mark.parametrize(
    ("raw", "recipients"),
    [
        (mail("Done", to=COPY), ()),
        (mail("I could not find the fax number, could you help?", to=COPY), ()),
        (mail("Done", to=f"news@{DOMAIN}, {REPLY}"), ()),
        (mail("Done", to=f"news@{DOMAIN}"), (COPY,)),
        (mail(forwarded(f"news@{DOMAIN}"), "Fwd: Two letters", to=COPY), ()),
    ],
)
def test_words_to_us_are_a_reply_wherever_they_went(
    raw: bytes, recipients: tuple[str, ...]
) -> None:
    assert kind(raw, *recipients) is Kind.REPLY
