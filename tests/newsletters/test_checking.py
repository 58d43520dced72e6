"""What keeps an issue from being mailed and what is worth a look, each with where to mend it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from newsletters.checking import LONG_SUBJECT, Problem, check
from newsletters.content import (
    Ask,
    Block,
    CaseBlock,
    CompositionError,
    Fact,
    Issue,
    Link,
    Picture,
    Section,
)
from newsletters.links import addresses
from newsletters.wire import compile
from tests.newsletters.nasty import values
from tests.newsletters.samples import ISSUE, SMALL

GOOD = replace(SMALL, preview="P")
NO_ALT = "![](https://x.example/y.png)"
PICTURE = Picture("https://x.example/p.jpg", "Candles", 800, 600)
ASK = Ask(key="3", kind="letter", headline="Write", why="W")
CASE = CaseBlock(key="block7", people="P", place="Q", heading="Mira", body="B", asks=(ASK,))
TEXT = Section("block8", "text", "Heading", "Words")


def of(*blocks: Block, **words: str) -> Issue:
    return replace(GOOD, blocks=blocks, **words)


def found(issue: Issue) -> list[tuple[str, str, bool]]:
    return [(problem.field, problem.words()[0], problem.stops) for problem in check(issue)]


def test_of_good_issues_nothing_is_found() -> None:
    event = Section("block9", "event", body="B", link=Link("https://x.example/?a=1&b=2#c"))
    picture = Section("block10", "picture", picture=PICTURE)
    assert check(ISSUE) == check(of(CASE, TEXT, event, picture, Section("b", "divider"))) == []


@pytest.mark.parametrize(
    ("issue", "field", "where"),
    [
        (of(subject=" "), "subject", "Subject"),
        (of(introduction=NO_ALT), "introduction", "Introduction"),
        (of(closing=NO_ALT), "closing", "Closing"),
        (of(greeting="a\nb"), "greeting", "Greeting"),
        (of(preview="a\rb"), "preview", "Preview line"),
        (of(title="a\0b"), "title", "Title"),
        (of(sender_name="a\nb"), "sender_name", "Signed by"),
        (of(network_name="a\nb"), "network_name", "Network"),
        (of(greeting="{{nmae}}"), "", "{{nmae}}"),
        (of(replace(CASE, body=NO_ALT)), "block7-body", "Mira"),
        (of(replace(CASE, note=NO_ALT)), "block7-note", "Mira"),
        (of(replace(CASE, asks=(replace(ASK, why=" "),))), "offer3-why", "Write"),
        (
            of(replace(CASE, asks=(replace(ASK, instructions=NO_ALT),))),
            "offer3-instructions",
            "Write",
        ),
        (of(replace(TEXT, body=NO_ALT)), "block8-body", "Heading"),
        (of(replace(TEXT, body=" \n ")), "block8-body", "Heading"),
        (of(Section("b", "news")), "b-body", "Good news"),
        (of(Section("b", "event")), "b-body", "Event"),
        (of(Section("b", "thanks", "Thank you")), "b-body", "Thank you"),
        (of(Section("b", "colleagues")), "b-body", "Call to colleagues"),
        (of(Section("b", "picture")), "b-picture", "Picture"),
        (of(Section("b", "picture", picture=replace(PICTURE, alt=" "))), "b-picture", "Picture"),
        (of(Section("b", "event", body="B", link=Link("x"))), "b-address", "Event"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_stops_the_sending_says_where_to_mend_it(issue: Issue, field: str, where: str) -> None:
    assert found(issue) == [(field, where, True)]
    with pytest.raises(CompositionError) as refused:
        compile(issue)
    assert str(refused.value).startswith(where)


@pytest.mark.parametrize(
    ("issue", "field", "where"),
    [
        (of(subject="x" * (LONG_SUBJECT + 1)), "subject", "Subject"),
        (of(preview=""), "preview", "Preview line"),
        (of(greeting="Dear {{name}}, {{name}}"), "", "{{name}}"),
        (of(replace(TEXT, body="{{ country }}")), "", "{{country}}"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_worth_a_look_stops_nothing(issue: Issue, field: str, where: str) -> None:
    assert found(issue) == [(field, where, False)]
    assert compile(issue)


def test_problems_come_in_the_order_of_the_mail() -> None:
    issue = of(
        replace(CASE, note=NO_ALT),
        Section("block9", "event"),
        replace(TEXT, body=NO_ALT),
        introduction=NO_ALT,
        closing=NO_ALT,
    )
    fields = [field for field, _where, _stops in found(issue)]
    assert fields == ["introduction", "block7-note", "block8-body", "closing", "block9-body"]


@pytest.mark.parametrize("kind", ["picture", "divider"])
def test_some_kinds_need_no_words(kind: str) -> None:
    assert not check(of(Section("b", kind, picture=PICTURE if kind == "picture" else None)))


def test_facts_are_words_enough() -> None:
    assert not check(of(Section("b", "event", facts=(Fact("When", "Friday"),))))


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,<p>", "vbscript:x"),
        *("x.example", "//x.example", "/join", "ftp://x.example", "file:///etc/passwd", "https:x"),
        *("https://x.example/a b", "https://x.example/\tb", "https://x.example\n", "htt\nps://x"),
        *('https://x.example/"onclick="x()', "https://x.example/'", "https://x.example/<b>"),
        *("https://x.example\\@y.example", " https://x.example", "https://x.example/\u2028"),
        *("https://x.example/{{name}}", "https://x.example/?m={{name|x}}", "{{name}}"),
        *("mailto:a@x.example\r\nBcc: all@members.example", "blob:https://x.example"),
    ],
    ids=ascii,
)
def test_a_link_that_is_none_stops_the_sending(address: str) -> None:
    issue = of(Section("block9", "event", "Meeting", "B", link=Link(address, "Come")))
    assert ("block9-address", "Meeting", True) in found(issue)
    with pytest.raises(CompositionError, match="Meeting: has an address that is no link"):
        compile(issue)


@pytest.mark.parametrize(
    "address",
    [
        *("https://x.example", "http://x.example:8080/a/b?c=d&e=f%20g#h", "mailto:a@x.example"),
        *("https://münster.example/ä", "https://[2001:db8::1]/", "https://x.example/(a)"),
    ],
)
def test_a_link_that_is_one_can_be_sent(address: str) -> None:
    issue = of(Section("block9", "event", "Meeting", "B", link=Link(address, "Come")))
    assert check(issue) == []
    assert compile(issue)


def test_words_of_a_problem_can_be_translated_before_values_are_put_in() -> None:
    said: list[str] = []

    def translate(text: str) -> str:
        said.append(text)
        return f"fr: {text}"

    [problem] = check(of(subject="x" * 70))
    where, what = problem.words(translate)
    assert where == "fr: Subject"
    assert what == "fr: has 70 characters; a phone shows about 60"
    assert said == ["Subject", "has %(length)s characters; a phone shows about %(shown)s"]


def test_words_of_people_are_no_templates() -> None:
    sly = "%s %(length)s %d {0} {{nmae}}"
    problems = check(of(Section("b", "text", sly), greeting=sly))
    assert [problem.words()[0] for problem in problems] == [sly, "{{nmae}}"]


@given(values, values, values)
def test_whatever_is_typed_is_checked_without_a_stumble(one: str, two: str, three: str) -> None:
    blocks: list[Block] = [
        Section("b", kind, one, two, (Fact(two, three),), Link(three, one), PICTURE)
        for kind in ("text", "event", "picture", "divider")
    ]
    issue = of(*blocks, replace(CASE, note=one), subject=one, introduction=two, closing=three)
    for problem in check(issue):
        assert all(isinstance(text, str) for text in problem.words())
    assert isinstance(addresses(issue), list)


def test_a_problem_with_values_can_be_told_from_another() -> None:
    one, other = (check(of(subject="x" * n))[0] for n in (70, 71))
    assert isinstance(one, Problem)
    assert one != other


def test_links_are_listed_as_often_as_they_stand_there() -> None:
    def to(name: str) -> str:
        return f"[{name}](https://{name}.example) and [again](https://{name}.example)"

    ask: Any = replace(ASK, instructions=to("ask"))
    issue = of(
        replace(CASE, body=to("case"), note="[note](https://note.example)", asks=(ask,)),
        Section("b", "event", body=to("event"), link=Link("https://event.example")),
        introduction=to("introduction"),
        closing="[](https://closing.example) [x]()",
    )
    names = [address.removeprefix("https://").split(".")[0] for address in addresses(issue)]
    assert names == [
        *("introduction", "introduction", "case", "case", "note", "ask", "ask"),
        *("event", "event", "event", "closing"),
    ]
