"""Blocks that are no cases, in HTML and in text: each part, and what is left out."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given, settings

from newsletters.content import CompositionError, Fact, Issue, Link, Picture, Section
from newsletters.stencil import Stencil
from newsletters.wire import compile
from tests.newsletters.nasty import NASTY, values
from tests.newsletters.samples import AT, MASTHEAD, RECIPIENT, SMALL, body, parsed, rendered, tokens
from tests.newsletters.test_stencil import check_wire

KINDS = ("text", "news", "event", "picture", "divider", "colleagues", "thanks")
FULL: dict[str, Any] = {
    "heading": "The heading",
    "body": "The **body**.\n\n- item",
    "facts": (Fact("When", "Friday, 8 May"), Fact("Where", "Old Harbour")),
    "link": Link("https://x.example/come?a=1&b=2", "Come along"),
    "picture": Picture("https://docket.example.org/p/abc.jpg", "Candles on a wall", 1104, 600),
}
PARTS = ("heading", "body", "facts", "link", "picture")


def section(kind: str, *parts: str, **values: Any) -> Section:
    """Of this kind, with these parts of FULL, and what its kind cannot do without."""
    least = {"picture": ["picture"], "divider": []}.get(kind, ["body"])
    return Section("block1", kind, **{name: FULL[name] for name in (*parts, *least)} | values)


def of(*blocks: Section, **words: str) -> Issue:
    return replace(SMALL, blocks=blocks, **words)


def page(issue: Issue) -> BeautifulSoup:
    return BeautifulSoup(rendered(issue).html, "html.parser")


def text(issue: Issue) -> str:
    """Of the text part, what the block says."""
    return rendered(issue).text.partition("T\n\n")[2].rpartition(f"\n\n{'-' * 72}\n\nA\nN")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_shows_all_its_parts(kind: str) -> None:
    issue = of(section(kind, *PARTS))
    shown, said = page(issue), text(issue)
    heading, link, picture = shown.find("h2"), shown.find("a"), shown.find("img")
    assert isinstance(heading, Tag) and heading.text == "The heading"
    assert isinstance(link, Tag) and isinstance(picture, Tag)
    assert (link["href"], link.text) == ("https://x.example/come?a=1&b=2", "Come along")
    assert (picture["src"], picture["alt"]) == (FULL["picture"].address, "Candles on a wall")
    assert shown.find("strong", string="body")
    assert shown.find("li", string="item")
    for fact in FULL["facts"]:
        label = shown.find("strong", string=f"{fact.label}:")
        assert label is not None and str(label.next_sibling).strip() == fact.text
        assert f"{fact.label}: {fact.text}" in said.split("\n")
    assert "# The heading" in said.split("\n")
    assert "[Picture: Candles on a wall]" in said
    assert "The **body**.\n\n- item" in said
    assert said.split("\n")[-2:] == ["Come along:", "https://x.example/come?a=1&b=2"]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_that_is_not_there_leaves_nothing(kind: str, part: str) -> None:
    block = section(kind, *(name for name in PARTS if name != part))
    if getattr(block, part):
        return  # its kind cannot do without
    issue = of(block)
    shown, said = page(issue), text(issue)
    tags = {"heading": "h2", "link": 'a[href*="x.example"]', "picture": "img", "body": "li"}
    if part in tags:
        assert not shown.select(tags[part])
    traces = {
        "heading": ["# "],
        "body": ["item"],
        "facts": ["When", "Where"],
        "link": ["x.example", "Come along"],
        "picture": ["[Picture", "Candles"],
    }
    assert not [trace for trace in traces[part] if trace in said]
    assert "\n\n\n" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_the_least_of_each_kind_makes_a_mail(kind: str) -> None:
    issue = of(section(kind))
    assert not page(issue).find("h2")
    lines = text(issue).split("\n")
    if kind == "divider":
        assert lines == ["-" * 72]
    elif kind == "picture":
        assert lines == ["[Picture: Candles on a wall]"]
    else:
        assert lines == ["The **body**.", "", "- item"]


def test_blocks_stand_in_their_order() -> None:
    blocks = [Section(f"block{n}", kind, f"At {n}", "x") for n, kind in enumerate(KINDS[:3])]
    for order in (blocks, blocks[::-1]):
        headings = [block.heading for block in order]
        issue = of(*order)
        assert [h.text for h in page(issue).find_all("h2")] == headings
        assert re.findall("# (At .)", text(issue)) == headings


def test_a_link_without_words_shows_its_address() -> None:
    issue = of(section("event", link=Link("https://x.example/")))
    link = page(issue).find("a")
    assert isinstance(link, Tag)
    assert link.text == link["href"] == "https://x.example/"
    assert text(issue).endswith("\n\nhttps://x.example/")


@pytest.mark.parametrize(("width", "shown"), [(300, 300), (552, 552), (1104, 552)])
def test_a_picture_is_as_wide_as_it_is_and_no_wider_than_the_mail(width: int, shown: int) -> None:
    picture = page(of(section("picture", picture=replace(FULL["picture"], width=width)))).find(
        "img"
    )
    assert isinstance(picture, Tag)
    assert picture["width"] == str(shown)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_from_right_to_left_is_so_in_every_block(kind: str) -> None:
    issue = of(section(kind, *PARTS, heading="عنوان"), language="ar")
    shown = page(issue)
    assert shown.html is not None and shown.html["dir"] == "rtl"
    heading = shown.find("h2")
    assert isinstance(heading, Tag) and heading.parent is not None
    assert "text-align:right" in str(heading.parent["style"]).replace(" ", "")
    assert "عنوان" in rendered(issue).text


def test_a_block_may_name_the_member() -> None:
    greeting = "{{name|friend}}, {{profession}}"
    facts = (Fact("{{name|x}}", greeting),)
    issue = of(Section("b", "text", greeting, greeting, facts, Link("https://x.example", greeting)))
    shown, said = page(issue).get_text(" "), text(issue)
    for seen in (shown, said):
        assert seen.count("Zoë Pemberwick, notary") == 4


def test_a_mail_in_which_nothing_varies_can_be_seen() -> None:
    same_for_all = replace(MASTHEAD, unsubscribe="https://docket.example.org/preview")
    stencil = Stencil(compile(of(section("text"))), same_for_all)
    shown = stencil.render(RECIPIENT, tokens(stencil))
    assert "The **body**." in shown.text
    assert "<strong>body</strong>" in shown.html


def test_our_own_words_are_translated() -> None:
    edition = compile(of(section("picture")), lambda words: f"<{words}>")
    shown = Stencil(edition, MASTHEAD).render(RECIPIENT, tokens(Stencil(edition, MASTHEAD)))
    assert "[<Picture>: Candles on a wall]" in shown.text


SLOTS = {
    "heading": lambda value: {"heading": value},
    "body": lambda value: {"body": value},
    "fact label": lambda value: {"facts": (Fact(value, "x"),)},
    "fact text": lambda value: {"facts": (Fact("x", value),)},
    "link label": lambda value: {"link": Link("https://x.example", value)},
    "picture alt": lambda value: {"picture": replace(FULL["picture"], alt=f"x{value}")},
}


def assert_inert(issue: Issue, *, is_draft: bool = False) -> None:
    """It makes a mail in which nothing of it acts, or is refused."""
    try:
        stencil = Stencil(compile(issue, is_draft=is_draft), MASTHEAD)
        raw = stencil.fill(RECIPIENT, tokens(stencil), AT)
    except CompositionError:
        return
    check_wire(raw)
    message = parsed(raw)
    assert not message.defects
    assert [part.get_content_type() for part in message.walk()] == [
        *("multipart/alternative", "text/plain", "text/html")
    ]
    assert message["Bcc"] is None
    html = body(message, "html")
    assert not re.search("</?mj-", html)
    soup = BeautifulSoup(html, "html.parser")
    assert not soup.find(["script", "iframe", "object", "form", "base", "link"])
    assert html.count("</html>") == html.count("</body>") == 1
    for tag in soup.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on")]
    for link in soup.find_all("a"):
        assert re.match("https?://|mailto:", str(link["href"]))
    for picture in soup.find_all("img"):
        assert str(picture["src"]).startswith("https://docket.example.org/p/")


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("value", NASTY, ids=lambda value: ascii(value)[:30])
def test_nothing_that_is_typed_acts(slot: str, value: str) -> None:
    assert_inert(of(section("event", **SLOTS[slot](value))))


@settings(max_examples=40)
@given(one=values, two=values)
def test_whatever_is_typed_acts_nowhere(one: str, two: str) -> None:
    blocks = [section(kind, heading=one, body=f"x{two}", facts=(Fact(one, two),)) for kind in KINDS]
    picture = replace(FULL["picture"], alt=f"x{one}")
    link = Link("https://x.example/", two)
    assert_inert(of(*blocks, section("picture", picture=picture, link=link, body=one)))


@settings(max_examples=60)
@given(address=values)
def test_an_address_leads_where_it_says_or_is_refused(address: str) -> None:
    for typed in (address, f"https://x.example/{address}", f"mailto:{address}"):
        for is_draft in (False, True):
            assert_inert(of(section("event", link=Link(typed, "Come"))), is_draft=is_draft)


@pytest.mark.parametrize("name", ["subject", "title", "greeting", "preview", "sender_name"])
@pytest.mark.parametrize("value", NASTY, ids=lambda value: ascii(value)[:30])
def test_nothing_acts_in_a_draft_that_is_looked_at_before_it_is_checked(
    name: str, value: str
) -> None:
    sly = section("event", heading=value, link=Link("javascript:x()", value))
    assert_inert(replace(of(sly), **{name: value}), is_draft=True)


def test_a_draft_shows_all_but_a_link_that_is_none() -> None:
    blocks = (section("event", link=Link("javascript:x()")), Section("b", "news", "Later"))
    edition = compile(of(*blocks, subject=""), is_draft=True)
    html = Stencil(edition, MASTHEAD).render(RECIPIENT, tokens(Stencil(edition, MASTHEAD))).html
    assert "Later" in html and "item" in html
    assert "javascript" not in html


@pytest.mark.parametrize("value", ["<b>bold</b>", "a & b", '"quoted"', "it's", "1 < 2", "&amp;"])
@pytest.mark.parametrize("slot", [slot for slot in SLOTS if slot != "body"])
def test_what_looks_like_markup_is_read_as_it_was_typed(slot: str, value: str) -> None:
    issue = of(section("event", **SLOTS[slot](value)))
    shown = rendered(issue)
    assert value in unescape(shown.html)
    assert value in shown.text
    assert "<b>" not in shown.html
