"""A filled message, read back by the standard library, says exactly what render() says."""

from dataclasses import replace
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletters.content import CompositionError, Links, Recipient
from newsletters.wire import Edition, compile
from tests.newsletters.samples import (
    EDITION,
    ENVELOPE,
    ISSUE,
    LINKS,
    RECIPIENT,
    SMALL,
    body,
    filled,
    parsed,
)

NASTY = (
    *("", '"', "'", "=3D", "=", "==\t==", ".", "..", ".\n.", "From me", "--", "\\", "%s", "&amp;"),
    *(
        "<script>alert(1)</script>",
        "</html>",
        "--=_docket_en_alternative--",
        "{{name}}",
        "\\u{e000}",
    ),
    *("\u200fمرحبا\u202e", "👩‍🚀" * 30, "é" * 500, "x" * 500, "x" * 75, "x" * 76, "x" * 77),
    *("=?utf-8?q?a?=", "a,b;c:d<e@f>", "ﬁ ß ǅ", "a\x07b\x7fc", "\ufeff", "tab\there", "nb\u00a0sp"),
    *("=" * 75, ". " * 100, "\U0010ffff", "e\u0301" * 40, "(comment)", "\u2028", "\x85"),
)
anything = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=500)
values = st.sampled_from(NASTY) | anything
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=120)
members = st.builds(
    Recipient,
    name=values.map(lambda value: " ".join(value.split())),
    address=st.just("zoe@members.example"),
    fields=st.fixed_dictionaries(
        {}, optional={"name": values, "profession": values, "country": values}
    ),
)
tokens = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=120)
some_links = st.builds(
    lambda parts, leave: Links(
        dict(zip(LINKS.answers, (f"https://d.example/{p}" for p in parts), strict=True)),
        f"https://d.example/{leave}",
    ),
    st.tuples(tokens, tokens, tokens),
    tokens,
)


def check_wire(edition: Edition, recipient: Recipient, links: Links = LINKS) -> None:
    raw = filled(edition, recipient, links)
    lines = raw.split(b"\r\n")
    blank = lines.index(b"")
    assert not {*b"\r\n"} & {*b"".join(lines)}
    assert raw.isascii()
    assert max(map(len, lines[blank:])) <= 76
    assert max(map(len, lines[:blank])) <= 998
    message, shown = parsed(raw), edition.render(recipient, links)
    assert body(message, "plain") == shown.text
    assert body(message, "html") == shown.html
    assert not message.defects
    assert [part.get_content_type() for part in message.walk()] == [
        *("multipart/alternative", "text/plain", "text/html")
    ]


@given(member=members, links=some_links)
def test_what_is_read_back_is_what_was_rendered(member: Recipient, links: Links) -> None:
    check_wire(EDITION, member, links)


@pytest.mark.parametrize("value", NASTY)
def test_a_nasty_value_arrives_whole(value: str) -> None:
    member = replace(RECIPIENT, fields={"name": value, "profession": value, "country": value})
    check_wire(EDITION, member)
    shown, message = EDITION.render(member, LINKS), parsed(filled(recipient=member))
    arrived = " ".join(value.split()) or "colleague"
    assert f"Dear {arrived}," in shown.text
    assert f"Dear {escape(arrived)}," in shown.html
    assert message["Subject"] == shown.subject


@given(value=values)
def test_the_subject_read_back_is_the_subject_rendered(value: str) -> None:
    member = replace(RECIPIENT, fields={"name": value})
    assert parsed(filled(recipient=member))["Subject"] == EDITION.render(member, LINKS).subject


@settings(max_examples=30)
@given(text=words)
def test_the_words_of_an_issue_arrive_whole(text: str) -> None:
    try:
        edition = compile(replace(SMALL, title=text, closing=text, postal_address=text))
    except CompositionError:
        return
    check_wire(edition, RECIPIENT)


@pytest.mark.parametrize("size", range(70, 82))
@pytest.mark.parametrize("letter", ["x", "=", "é"])
def test_no_line_is_too_long_where_a_value_begins_or_ends(size: int, letter: str) -> None:
    run = letter * size
    edition = compile(replace(SMALL, greeting=f"{run}{{{{name}}}}{run}{{{{name}}}}", title=run))
    check_wire(edition, replace(RECIPIENT, fields={"name": run}))


@pytest.mark.parametrize("breaks", ["\r\nBcc: all@members.example", "\n", "\r", "\0"])
def test_a_break_in_any_header_is_refused(breaks: str) -> None:
    bad = f"a{breaks}b"
    for name in ("from_name", "from_address", "reply_to", "message_id", "list_id", "feedback_id"):
        with pytest.raises(CompositionError, match="line break"):
            filled(envelope=replace(ENVELOPE, **{name: bad}))
    for name in ("name", "address"):
        with pytest.raises(CompositionError, match="line break"):
            filled(recipient=replace(RECIPIENT, **{name: bad}))
    for name in ("unsubscribe", "unsubscribe_mailto"):
        with pytest.raises(CompositionError, match="line break"):
            filled(links=replace(LINKS, **{name: bad}))


def test_a_break_in_a_value_is_a_space_in_the_subject() -> None:
    sly = replace(RECIPIENT, fields={"name": "Ada\r\nBcc: all@members.example"})
    message = parsed(filled(recipient=sly))
    assert message["Subject"].startswith("Ada Bcc: all@members.example, two")
    assert message["Bcc"] is None


def test_a_missing_link_is_refused() -> None:
    with pytest.raises(CompositionError, match="no link was given for the ask"):
        filled(links=replace(LINKS, answers={}))


def test_an_edition_read_back_is_the_same_edition() -> None:
    again = Edition.loads(EDITION.dumps())
    assert again == EDITION
    assert again.content_hash == EDITION.content_hash
    assert filled(again) == filled()


@settings(max_examples=20)
@given(text=words)
def test_any_edition_read_back_is_the_same_edition(text: str) -> None:
    try:
        edition = compile(replace(SMALL, title=text, subject="s" + text, introduction=text))
    except CompositionError:
        return
    assert Edition.loads(edition.dumps()) == edition


def test_an_edition_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        Edition.loads(EDITION.dumps().replace(b'"version":1', b'"version":99'))


def test_the_same_issue_makes_the_same_edition_and_another_does_not() -> None:
    assert compile(ISSUE).content_hash == EDITION.content_hash
    assert compile(replace(ISSUE, closing="Bye")).content_hash != EDITION.content_hash


def test_the_size_is_about_that_of_a_message() -> None:
    assert abs(EDITION.size - len(filled())) < 1_000
