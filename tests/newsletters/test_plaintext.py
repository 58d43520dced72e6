"""The text part: links alone on their lines, and lines that a terminal shows whole."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletters.content import Addressee, Ask, CaseBlock, Issue
from tests.newsletters.samples import ISSUE, LEAVE, LINKS, SMALL, rendered, with_ask

WIDEST = 76
WORDS = ("a", "of", "harbour", "Ødger", "internationalisation", "–", "moorings,", "مرحبا")
ALL_LINKS = (*LINKS.values(), LEAVE)

sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=60).map(" ".join)
paragraphs = st.lists(sentences, max_size=3).map("\n\n".join)
items = st.lists(sentences.map("- ".__add__), max_size=3).map("\n".join)


def lines_of(issue: Issue) -> list[str]:
    return rendered(issue).text.split("\n")


@pytest.mark.parametrize("link", ALL_LINKS)
def test_a_link_stands_alone_on_its_line(link: str) -> None:
    assert lines_of(ISSUE).count(link) == 1
    assert rendered(ISSUE).text.count(link) == 1


def test_the_words_of_the_button_stand_above_its_link() -> None:
    lines = lines_of(ISSUE)
    above = [lines[lines.index(link) - 1] for link in ALL_LINKS]
    assert above == [
        "I have sent my letter:",
        "I have done it:",
        "My card is in the post:",
        "Leave the network:",
    ]


def test_no_line_of_the_sample_is_too_wide() -> None:
    assert [x for x in lines_of(ISSUE) if len(x) > WIDEST and x not in ALL_LINKS] == []


@settings(max_examples=40)
@given(
    line=sentences,
    text=paragraphs,
    listed=items,
    post=st.lists(sentences, max_size=3).map("\n".join),
)
def test_long_words_of_a_coordinator_are_wrapped(
    line: str, text: str, listed: str, post: str
) -> None:
    to = Addressee(title=line, name=line, salutation=line, post=post, copies=(line, line))
    ask = Ask(
        key="send-card",
        kind="card",
        headline=line,
        why=line,
        instructions=listed,
        model_text=text,
        addressees=(to,),
        button=line,
    )
    case = CaseBlock(key="c", people=line, place=line, heading=line, body=text, wishes=line)
    issue = Issue(
        title=line,
        subject=line,
        network_name=line,
        sender_name=line,
        greeting=line,
        introduction=f"{text}\n\n{listed}",
        closing=text,
        blocks=(replace(case, asks=(ask,)),),
        postal_address=line,
    )
    lines = lines_of(issue)
    assert [x for x in lines if len(x) > WIDEST and x not in ALL_LINKS] == []
    assert lines.count(LINKS["send-card"]) == 1
    assert lines.count(LEAVE) == 1


def test_what_a_coordinator_broke_stays_broken() -> None:
    text = rendered(replace(SMALL, introduction="- one\n- two\n\nthree\nfour")).text
    assert "- one\n- two\n\nthree\nfour\n" in text


def test_a_long_item_hangs_below_its_dash() -> None:
    text = rendered(replace(SMALL, introduction="- " + "word " * 20)).text
    assert "\n- word word" in text
    assert "\n  word word" in text


def test_a_long_address_is_not_cut() -> None:
    address = "https://example.org/" + "a-b/" * 40
    assert address in lines_of(replace(SMALL, introduction=f"Read {address} today."))


def test_the_addressee_is_written_as_on_an_envelope() -> None:
    assert (
        "Write to:\nMs. Ottoline Özgrav\nMinister of Justice of Vardania\n14 Lantern Square\n"
        "Old Harbour\nPort Merrow 1020\nVARDANIA\nFax: +999 1 555 0100\n"
        "minister@justice.vardania.example\nSalutation: Your Excellency\n"
    ) in rendered(ISSUE).text


def test_empty_parts_leave_no_gap() -> None:
    text = rendered(with_ask(Ask(key="send-card", kind="card", headline="H", why="W"))).text
    assert "\n\n\n" not in text
    assert "Write to" not in text
    assert "By:" not in text


def test_the_signature_begins_with_its_delimiter() -> None:
    assert lines_of(SMALL).count("-- ") == 1
