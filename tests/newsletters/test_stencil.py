"""A filled message, read back by the standard library, says exactly what was put in."""

import re
from dataclasses import replace
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletters.content import CompositionError, Recipient, Tokens
from newsletters.stencil import Stencil
from newsletters.wire import Edition, compile
from tests.newsletters.nasty import NASTY, arrives_as, members, values
from tests.newsletters.samples import (
    AT,
    EDITION,
    ISSUE,
    LEAVE,
    LINKS,
    MASTHEAD,
    RECIPIENT,
    SMALL,
    body,
    filled,
    parsed,
    rendered,
    tokens,
)

STENCIL = Stencil(EDITION, MASTHEAD)
# Each value between words of its own, in the subject, on a line of text, in HTML text and a title.
PLACED = replace(
    SMALL,
    subject="[{{name|friend}}] {{country|nowhere}}",
    greeting="<{{name|friend}}|{{profession|human}}>",
    introduction="{{profession|human}}",
    closing=". {{name|friend}}. {{country|nowhere}}",
)
PLACED_STENCIL = Stencil(compile(PLACED), MASTHEAD)
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=120)


def check_wire(raw: bytes) -> None:
    """What the promises of the wire are: RFC 5322, 2045, and no line that begins with a dot."""
    assert raw.endswith(b"\r\n")
    lines = raw.split(b"\r\n")
    blank = lines.index(b"")
    assert not {*b"\r\n\0"} & {*b"".join(lines)}
    assert b"".join(lines[blank:]).isascii()
    assert max(map(len, lines[blank:])) <= 76
    assert max(map(len, lines[:blank])) <= 998
    assert not any(line.startswith((b".", b"From ")) for line in lines)


def check(stencil: Stencil, recipient: Recipient) -> None:
    raw = stencil.fill(recipient, tokens(stencil), AT)
    check_wire(raw)
    message, shown = parsed(raw), stencil.render(recipient, tokens(stencil))
    assert body(message, "plain") == shown.text
    assert body(message, "html") == shown.html
    assert not message.defects
    assert [part.get_content_type() for part in message.walk()] == [
        *("multipart/alternative", "text/plain", "text/html")
    ]
    assert [name for name, _ in message.items() if name in ("To", "Bcc", "Cc")] == ["To"]


@given(member=members)
def test_what_is_read_back_is_what_was_rendered(member: Recipient) -> None:
    check(STENCIL, member)


@given(member=members)
def test_every_value_arrives_in_its_place(member: Recipient) -> None:
    raw = PLACED_STENCIL.fill(member, Tokens(), AT)
    check_wire(raw)
    message = parsed(raw)
    seen = {name: arrives_as(value) for name, value in member.fields.items()}
    name, job = seen.get("name") or "friend", seen.get("profession") or "human"
    country = seen.get("country") or "nowhere"
    text, page = body(message, "plain"), body(message, "html")
    assert text.startswith(f"T\n\n<{name}|{job}>\n\n{job}\n\n")
    assert f"\n. {name}. {country}\n" in text
    assert f"&lt;{escape(name)}|{escape(job)}&gt;" in page
    assert f"<p>{escape(job)}</p>" in page
    assert f"<p>. {escape(name)}. {escape(country)}</p>" in page
    assert f"<title>[{escape(name)}] {escape(country)}</title>" in page


@given(value=values)
@pytest.mark.parametrize("subject", ["Dear {{name|friend}}!", "{{name|friend}} – é", "é {{name}}"])
def test_the_subject_read_back_is_the_subject_rendered(subject: str, value: str) -> None:
    stencil = SUBJECTS[subject]
    member = RECIPIENT._replace(fields={"name": value})
    shown = stencil.render(member, tokens(stencil)).subject
    raw = stencil.fill(member, tokens(stencil), AT)
    check_wire(raw)
    assert parsed(raw)["Subject"] == shown.encode("utf-8", "replace").decode()


SUBJECTS = {
    subject: Stencil(compile(replace(SMALL, subject=subject)), MASTHEAD)
    for subject in ("Dear {{name|friend}}!", "{{name|friend}} – é", "é {{name}}")
}


@settings(max_examples=30)
@given(text=words)
def test_the_words_of_an_issue_arrive_whole(text: str) -> None:
    issue = replace(SMALL, subject=f"s{text}", title=text, closing=text, postal_address=text)
    try:
        stencil = Stencil(compile(issue), MASTHEAD)
    except CompositionError:
        return
    check(stencil, RECIPIENT)


@pytest.mark.parametrize("start", [".", "..", "From here on", "." * 80, "From", ". a"])
def test_no_line_begins_as_smtp_or_mailboxes_could_take_it_amiss(start: str) -> None:
    issue = replace(SMALL, title=start, greeting=start + "x" * 75, closing=f"a{{{{name}}}}{start}b")
    stencil = Stencil(compile(issue), MASTHEAD)
    check(stencil, RECIPIENT)
    assert stencil.render(RECIPIENT, Tokens()).text.lower().startswith(f"{start}\n".lower())


@pytest.mark.parametrize("size", range(60, 82))
@pytest.mark.parametrize("letter", ["x", "=", "é", ".", " "])
def test_no_line_is_too_long_where_a_value_begins_or_ends(size: int, letter: str) -> None:
    run = letter * size
    greeting = f"a{run}{{{{name}}}}{run}b{{{{name}}}}"
    stencil = Stencil(compile(replace(SMALL, greeting=greeting, title=f"{run}.")), MASTHEAD)
    check(stencil, RECIPIENT._replace(fields={"name": run}))


@pytest.mark.parametrize("host", ["d.example", "d" * 60 + ".example", "d" * 55 + "." + "e" * 60])
@pytest.mark.parametrize("token", [b"a", b"0." + b"a" * 44])
def test_a_link_arrives_whole_however_long_its_host_is(host: str, token: bytes) -> None:
    form = f"https://{host}/a.{{token}}?a=1&b=.{{x}}"
    stencil = Stencil(EDITION, replace(MASTHEAD, answer=form, unsubscribe=form))
    raw = stencil.fill(
        RECIPIENT, Tokens(unsubscribe=token, answers=(token,) * 3, copies=(b"c",)), AT
    )
    check_wire(raw)
    link = form.replace("{token}", token.decode())
    assert body(parsed(raw), "plain").count(f"\n{link}\n") == 4
    assert body(parsed(raw), "html").count(f'href="{escape(link)}"') == 4
    assert parsed(raw)["List-Unsubscribe"].startswith(f"<{link}>")


def test_links_lead_where_the_masthead_says() -> None:
    page = rendered(ISSUE).html
    for link in (*LINKS.values(), LEAVE):
        assert page.count(f'href="{escape(link)}"') == 1


@pytest.mark.parametrize(
    "token", [b".a", b"a b", b"A", b"a\r\n", b"a" * 47, b"<", b"=", b'"', b"a\xff", b"a\0"]
)
def test_what_is_no_token_is_refused(token: bytes) -> None:
    right = tokens(STENCIL)
    for name in ("message_id", "reply_to", "unsubscribe", "leave"):
        with pytest.raises(CompositionError, match="needs its token"):
            STENCIL.fill(RECIPIENT, right._replace(**{name: token}), AT)
    with pytest.raises(CompositionError, match="needs its token"):
        STENCIL.fill(RECIPIENT, right._replace(copies=(token,)), AT)
    for place in range(3):
        answers = tuple(token if n == place else b"a" for n in range(3))
        with pytest.raises(CompositionError, match="needs its token"):
            STENCIL.fill(RECIPIENT, right._replace(answers=answers), AT)


@pytest.mark.parametrize("answers", [(), (b"a", b"b"), (b"a", b"b", b"c", b"d")])
def test_a_letter_brings_as_many_tokens_as_there_are_asks(answers: tuple[bytes, ...]) -> None:
    with pytest.raises(CompositionError, match="needs its token"):
        STENCIL.fill(RECIPIENT, Tokens(answers=answers), AT)


def test_an_address_for_copies_arrives_whole_and_only_where_copies_can_come() -> None:
    message = parsed(STENCIL.fill(RECIPIENT, tokens(STENCIL), AT))
    address = "c+17.wr@news.example.org"
    assert STENCIL.copied == ("write-minister",)
    assert body(message, "plain").count(f"\n{address}\n") == 1
    assert body(message, "html").count(f'<a href="mailto:{address}"') == 1
    assert body(message, "html").count(f">{address}</a>") == 1
    assert parsed(PLACED_STENCIL.fill(RECIPIENT, Tokens(), AT)).as_bytes().count(b"c+") == 0


@pytest.mark.parametrize("copies", [(), (b"a", b"b")])
def test_a_letter_brings_a_token_for_each_copy(copies: tuple[bytes, ...]) -> None:
    with pytest.raises(CompositionError, match="needs its token"):
        STENCIL.fill(RECIPIENT, tokens(STENCIL)._replace(copies=copies), AT)


def test_the_ways_to_leave_have_tokens_of_their_own() -> None:
    message = parsed(STENCIL.fill(RECIPIENT, tokens(STENCIL), AT))
    assert "leave+17.l@news.example.org" in message["List-Unsubscribe"]


@pytest.mark.parametrize("breaks", ["\r\nBcc: all@members.example", "\n", "\r", "\0"])
def test_a_break_in_any_header_is_refused(breaks: str) -> None:
    bad = f"a{breaks}b"
    names = ("from_name", "from_address", "reply_to", "message_id", "list_id", "feedback_id")
    for name in (*names, "unsubscribe", "unsubscribe_mailto"):
        with pytest.raises(CompositionError, match="line break"):
            filled(masthead=replace(MASTHEAD, **{name: bad}))
    for name in ("name", "address"):
        with pytest.raises(CompositionError, match="line break"):
            filled(recipient=RECIPIENT._replace(**{name: bad}))


@pytest.mark.parametrize("name", ["unsubscribe", "unsubscribe_mailto", "message_id"])
@pytest.mark.parametrize("bad", ["a>, <b", "a b", "a\tb", "é", "a" * 901])
def test_what_would_leave_its_angle_brackets_is_refused(name: str, bad: str) -> None:
    with pytest.raises(CompositionError, match="is not an address that can be written there"):
        filled(masthead=replace(MASTHEAD, **{name: bad}))


def test_a_missing_value_leaves_its_fallback_and_a_missing_fallback_nothing() -> None:
    issue = replace(SMALL, subject="a{{name}}b", greeting="c{{name}}d", closing="{{name| e  f }}")
    stencil = Stencil(compile(issue), MASTHEAD)
    for fields in ({}, {"name": ""}, {"name": " \u2028\t"}):
        shown = stencil.render(RECIPIENT._replace(fields=fields), Tokens())
        assert shown.subject == "ab"
        assert "\n\ncd\n\n" in shown.text
        assert "\ne f\n" in shown.text
        assert ">cd<" in re.sub(r"\s", "", shown.html)


@pytest.mark.parametrize("value", NASTY)
def test_a_nasty_value_is_the_same_in_the_subject_and_in_the_greeting(value: str) -> None:
    shown = STENCIL.render(RECIPIENT._replace(fields={"name": value}), tokens(STENCIL))
    seen = shown.subject.encode("utf-8", "replace").decode()
    assert seen.startswith(f"{arrives_as(value) or 'Colleague'}, two letters")
    assert f"Dear {arrives_as(value) or 'colleague'}," in shown.text
    assert f"Dear {escape(arrives_as(value)) or 'colleague'}," in shown.html


def test_a_stencil_of_an_edition_read_back_writes_the_same() -> None:
    assert filled(Edition.loads(EDITION.dumps())) == filled()


def test_the_size_is_about_that_of_a_message() -> None:
    assert abs(EDITION.size - len(filled())) < 1_000
