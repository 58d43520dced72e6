"""What is read of a mail that came in: whatever its bytes, never an error and never a trap."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversations import reading
from app.inbound.models import InboundMail
from app.inbound.receiving import SEALED_AS
from app.inbound.sorting import verdict
from app.inbound.sorting.shapes import Ours, Purpose
from app.vault import Vault
from tests.conversations.conftest import letter

VAULT = Vault(["a-key-for-tests-only-a-key-for-tests-only"])


def kept(raw: bytes) -> InboundMail:
    return InboundMail(raw=VAULT.seal(raw, SEALED_AS), arrivals=[])


def read(raw: bytes) -> reading.Read:
    found = reading.read(VAULT, kept(raw))
    assert found is not None
    return found


FIELDS = st.sampled_from(
    [
        *(b"Content-Type: multipart/mixed; boundary=x", b"Content-Type: text/plain; charset=\xff"),
        *(b"Content-Type: message/rfc822", b"Content-Disposition: attachment; filename*=x''%FF"),
        *(
            b"Content-Transfer-Encoding: base64",
            b"Content-Disposition: \xe9",
            b"--x",
            b"--x--",
            b"",
        ),
        *(b"From: \xff <@>", b"Subject: =?x?q?=FF?=", b"References: <<<>>> <a", b"begin 644 x"),
    ]
)


@given(st.lists(st.one_of(FIELDS, st.binary(max_size=30)), max_size=30).map(b"\r\n".join))
def test_any_bytes_are_read(raw: bytes) -> None:
    found = read(raw)
    for one in found.attachments:
        name_and_content = reading.attachment(raw, one.number)
        assert name_and_content is not None
        name, content = name_and_content
        assert (name, len(content)) == (one.name, one.size)
    assert reading.attachment(raw, len(found.attachments) + 1) is None
    assert reading.attachment(raw, 0) is None


@given(st.text())
def test_a_name_is_one_line_without_a_path(text: str) -> None:
    name = reading.safe_name(text)
    assert len(name) <= reading.LONGEST_NAME
    assert not set(name) & set("/\\\n\r\0\u202e\u2066\u200b")
    assert not name.startswith((".", " "))


def test_the_end_of_a_long_name_is_kept_for_it_says_what_it_is() -> None:
    assert reading.safe_name("a" * 500 + ".exe").endswith(".exe")


def test_a_mail_within_a_mail_is_one_attachment() -> None:
    inner = letter("The minister answers.")
    inner.add_attachment(b"x", maintype="image", subtype="png", filename="seal.png")
    outer = letter("See below.")
    outer.add_attachment(inner)
    (one,) = read(outer.as_bytes()).attachments
    found = reading.attachment(outer.as_bytes(), one.number)
    assert found is not None
    assert b"The minister answers." in found[1]
    assert "minister" not in read(outer.as_bytes()).text


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("Re: Your letter", "Re: Your letter.eml"),
        ("a/b\u202e", "a b.eml"),
        ("x" * 200, "x" * (reading.LONGEST_NAME - 4) + ".eml"),
        ("", "attachment-1"),
    ],
)
def test_a_mail_within_a_mail_has_its_subject_for_a_name(subject: str, name: str) -> None:
    inner = letter("The minister answers.")
    del inner["Subject"]
    if subject:
        inner["Subject"] = subject
    outer = letter("See below.")
    outer.add_attachment(inner)
    assert [one.name for one in read(outer.as_bytes()).attachments] == [name]


def test_a_name_in_encoded_words_is_read() -> None:
    mail = letter("See the letter.")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="Brief für Sie.pdf")
    assert read(mail.as_bytes()).attachments[0].name == "Brief für Sie.pdf"


def test_a_mail_of_many_parts_is_not_taken_apart() -> None:
    mail = letter("Hello.")
    for _number in range(reading.MOST_BOUNDARIES + 1):
        mail.add_attachment(b"x", maintype="image", subtype="png", filename="x.png")
    found = read(mail.as_bytes())
    assert found.is_large
    assert found.attachments == ()


def test_what_is_not_there_is_not_read() -> None:
    assert reading.read(VAULT, InboundMail(raw=None, arrivals=[])) is None
    assert reading.read(VAULT, InboundMail(raw=b"\x01damaged", arrivals=[])) is None


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ("Done", False),
        ("Done.\n\nBest regards,\nAda Quill", False),
        ("Dear Petra,\n\nDone!\n\nThank you, Ada", False),
        ("Bonjour,\n\nfait.\n\nCordialement\nAda", False),
        ("Erledigt.\n\nMit freundlichen Grüßen\nAda Quill\n\nSent from my iPhone", False),
        ("Done.\n\nI also know a translator.", True),
        ("Done. Call me.", True),
        ("Done\n\nAda\n+49 30 1234567", True),
        ("Done\n" + "thanks " * 200, True),
    ],
)
def test_whether_a_mail_says_more_than_its_word(words: str, more: bool) -> None:
    raw = letter(words).as_bytes()
    found = verdict.sort(raw, None, ["r@x.example"], lambda _address: Ours(Purpose.REPLY, (1,)))
    assert reading.says_more(VAULT, kept(raw), found) is more


def test_markup_alone_is_read_as_words() -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "ada@quill.example"
    mail.set_content("<p>When?</p><blockquote>the old words</blockquote>", subtype="html")
    found = read(mail.as_bytes())
    assert found.text == "When?"
    assert "the old words" in found.whole
