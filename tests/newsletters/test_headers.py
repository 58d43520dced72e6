"""The headers of a message, and how values are written into them."""

import email
from dataclasses import replace
from datetime import timedelta, timezone
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletters import headers
from newsletters.content import CompositionError
from tests.newsletters.samples import AT, LEAVE, MASTHEAD, RECIPIENT, filled, parsed

printable = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)


def display_name(value: str) -> str:
    """The name before an address; the standard library adds spaces between encoded words."""
    phrase = value.replace("\r\n", "").replace("\n", "").rpartition(" <")[0]
    if phrase.startswith('"'):
        return phrase[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return str(make_header(decode_header(phrase))) if "=?" in phrase else phrase


def test_a_member_can_leave_with_one_click_or_one_mail() -> None:
    message = parsed(filled())
    ways = message["List-Unsubscribe"].split(",")
    assert [way.strip() for way in ways] == [
        f"<{LEAVE}>",
        "<mailto:leave+17.l@news.example.org>",
    ]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_without_an_address_to_leave_by_there_is_only_the_link() -> None:
    message = parsed(filled(masthead=replace(MASTHEAD, unsubscribe_mailto=None)))
    assert message["List-Unsubscribe"] == f"<{LEAVE}>"


def test_the_list_has_its_name_and_identifier() -> None:
    assert parsed(filled())["List-Id"] == "Harbour Lawyers’ Network <harbour.news.example.org>"


@pytest.mark.parametrize("list_id", ["<harbour.news.example.org>", "harbour.news.example.org"])
def test_a_list_without_name_has_its_identifier_in_single_brackets(list_id: str) -> None:
    message = parsed(filled(masthead=replace(MASTHEAD, list_id=list_id)))
    assert message["List-Id"] == "<harbour.news.example.org>"


def test_the_masthead_stands_in_the_headers() -> None:
    message = parsed(filled())
    assert message["Message-ID"] == "<17.4@news.example.org>"
    assert message["Date"].datetime == AT
    assert message["Feedback-ID"] == MASTHEAD.feedback_id
    assert message["Reply-To"].addresses[0].addr_spec == "r+17.r@news.example.org"
    assert message["From"].addresses[0].addr_spec == MASTHEAD.from_address
    assert message["From"].addresses[0].display_name == MASTHEAD.from_name
    assert message["To"].addresses[0].addr_spec == RECIPIENT.address
    assert message["To"].addresses[0].display_name == RECIPIENT.name
    assert message["Content-Language"] == "en"
    assert message["MIME-Version"] == "1.0"


def test_the_date_is_written_in_utc() -> None:
    there = AT.astimezone(timezone(timedelta(hours=-5)))
    assert str(parsed(filled(at=there))["Date"]) == "Fri, 02 May 2031 09:30:00 +0000"


def test_no_header_stands_twice() -> None:
    names = [name.lower() for name in parsed(filled()).keys()]  # noqa: SIM118
    assert len(names) == len(set(names))


@given(name=printable)
def test_a_name_is_read_back_as_it_was(name: str) -> None:
    name = name.strip()
    raw = filled(recipient=RECIPIENT._replace(name=name))
    message = parsed(raw)
    assert [a.addr_spec for a in message["To"].addresses] == [RECIPIENT.address]
    assert display_name(email.message_from_bytes(raw)["To"]) == name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ada Quill", b"Ada Quill"),
        ("Quill, Ada", b'"Quill, Ada"'),
        ('A "B" \\', b'"A \\"B\\" \\\\"'),
        ("Zoë", b"=?utf-8?b?Wm/Dqw==?="),
        ("=?utf-8?q?x?=", b"=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
    ],
)
def test_a_name_is_written_as_it_must_be(name: str, written: bytes) -> None:
    assert headers.mailbox(name, "a@b.example") == written + b"\r\n <a@b.example>"


@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")))
def test_no_line_of_encoded_text_is_too_long_and_no_word_cuts_a_character(value: str) -> None:
    for line in headers.text(value + "é").split(b"\r\n "):
        assert len(line) <= 75
        ((word, charset),) = decode_header(line.decode())
        assert isinstance(word, bytes)
        assert charset == "utf-8"
        word.decode()


def test_a_foreign_domain_is_written_in_ascii() -> None:
    assert headers.ascii_domain("zoe@münster.example") == "zoe@xn--mnster-3ya.example"


def test_a_domain_that_cannot_be_written_in_ascii_is_refused() -> None:
    with pytest.raises(CompositionError, match="cannot be written in ASCII"):
        headers.mailbox("Ada", "ada@ü..example")


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\0b", "é\r\n b"])
def test_a_break_never_becomes_a_header(value: str) -> None:
    with pytest.raises(CompositionError, match="Feedback-ID: a line break"):
        headers.text(value, "Feedback-ID")
    with pytest.raises(CompositionError, match="a line break"):
        headers.mailbox(value, "a@b.example")
