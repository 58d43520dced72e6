"""No words of a coordinator act as MJML, as HTML, or as a mark of ours."""

import re
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletters.content import Addressee, Ask, CaseBlock, CompositionError, Issue
from newsletters.slots import without_marks
from newsletters.wire import compile
from tests.newsletters.samples import ISSUE, SMALL, rendered, with_ask

SLY = (
    "<mj-raw><script>boo()</script></mj-raw></mj-text></mj-column> <mj-include path='/etc/passwd'/>"
    " ]]> <!-- &lt;mj-raw&gt; {{ '{%' }} \\u{e000}0\\u{e001} <html lang='x'> \" onload=\"boo()"
)
ASK = Ask(key="write-minister", kind="letter", headline="H", why="W")
CASE = CaseBlock(key="c", people="P", place="Q", heading="H", body="B")
OURS = {"key", "kind", "language"}


def written(thing: Any) -> list[str]:
    """The names of the fields that a coordinator writes words into."""
    return [f.name for f in fields(thing) if f.type in ("str", str) and f.name not in OURS]


def sly(thing: Any, name: str) -> Any:
    return replace(thing, **{name: SLY})


def of_addressee(name: str) -> Issue:
    return with_ask(replace(ASK, addressees=(sly(Addressee(title="T"), name),)))


SLY_ISSUES = {
    **{f"issue {name}": sly(SMALL, name) for name in written(SMALL)},
    **{f"case {name}": replace(SMALL, blocks=(sly(CASE, name),)) for name in written(CASE)},
    **{f"ask {name}": with_ask(sly(ASK, name)) for name in written(ASK)},
    **{f"addressee {name}": of_addressee(name) for name in written(Addressee(title="T"))},
}


@pytest.mark.parametrize("where", SLY_ISSUES)
def test_typed_mjml_never_acts(where: str) -> None:
    page = rendered(SLY_ISSUES[where]).html
    assert "<mj-" not in page
    assert "</mj-" not in page
    assert "<script" not in page
    assert "root:" not in page
    assert not re.search(r'<[^<>]* onload="', page)
    assert page.count("<html") == 1
    if where != "case people":
        assert "&lt;mj-raw&gt;" in page or "%3Cmj-raw%3E" in page


@pytest.mark.parametrize(
    "text",
    ["&#xe000;0&#xe001;", "&#57344;99&#57345;", "&#92;u{e000}99&#92;u{e001}", "&#xE000;"],
)
def test_a_mark_of_ours_cannot_be_typed_as_an_entity(text: str) -> None:
    with pytest.raises(CompositionError):
        compile(replace(SMALL, introduction=text))


@pytest.mark.parametrize(
    "text",
    ["\ue0009\ue001", "\\u{e000}9\\u{e001}", "\\u{e0\\u{e000}00}9\\u{e0\\u{e001}01}"],
)
def test_a_mark_of_ours_is_taken_out_of_what_is_typed(text: str) -> None:
    shown = rendered(replace(SMALL, greeting=text, introduction=text))
    assert shown.text.startswith("T\n\n9\n\n9\n\n")
    assert "<p>9</p>" in shown.html


@given(st.lists(st.sampled_from(["\\u{e0", "00}", "01}", "\ue000", "\ue001", "7"])).map("".join))
def test_nothing_typed_is_left_to_become_a_mark(text: str) -> None:
    cleaned = without_marks(text)
    for mark in ("\ue000", "\ue001", "\\u{e000}", "\\u{e001}"):
        assert mark not in cleaned


@settings(max_examples=25)
@given(st.text(max_size=60))
def test_whatever_is_typed_makes_a_page_or_a_composition_error(text: str) -> None:
    words = {"title": text, "introduction": text, "preview": text, "closing": text}
    try:
        page = compile(replace(SMALL, **words)).html
    except CompositionError:
        return
    assert page


@pytest.mark.parametrize(
    "name", ["subject", "preview", "greeting", "title", "sender_name", "network_name"]
)
@pytest.mark.parametrize("breaks", ["\r\nBcc: all@members.example", "\n", "\r", "\0"])
def test_a_line_break_in_a_single_line_is_refused(name: str, breaks: str) -> None:
    with pytest.raises(CompositionError, match="line break"):
        compile(replace(SMALL, **{name: f"a{breaks}b"}))


def test_an_issue_without_subject_is_refused() -> None:
    with pytest.raises(CompositionError, match="Subject: is empty"):
        compile(replace(SMALL, subject=" "))


def test_an_ask_without_reason_is_refused() -> None:
    with pytest.raises(CompositionError, match="has no reason"):
        compile(with_ask(replace(ASK, why=" ")))


@pytest.mark.parametrize(("language", "way"), [("ar", "rtl"), ("he", "rtl"), ("pt-BR", "ltr")])
def test_the_page_says_its_language_and_direction(language: str, way: str) -> None:
    page = rendered(replace(ISSUE, language=language)).html
    assert f'<html lang="{language}" dir="{way}"' in page


def test_dates_are_written_in_the_language_of_the_issue() -> None:
    assert "16 mai 2031" in rendered(replace(ISSUE, language="fr")).html
