"""Coordinators' Markdown becomes safe HTML, and says what cannot be mailed."""

import time
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletters.markdown import LONGEST, normalise, problems, to_html

TAGS = set("p br strong em a ul ol li blockquote h3 h4 hr code img".split())
PIECES = (
    *("[x](", ")", "javascript:alert(1)", "https://a.example/", "data:text/html,x", "<script>"),
    *("<img src=x onerror=alert(1)>", "![", "](", "*", "`", "\n\n", "\n", "> ", "- ", "&#106;"),
    *('"', "'", "<", ">", "&", "\t", "<javascript:x>", "[a]: ", "\\", "word", "<!--", "style="),
)


class Seen(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=20).map("".join))
def test_only_harmless_tags_and_addresses_come_out(text: str) -> None:
    for tag, attributes in Seen(to_html(text)).tags:
        assert tag in TAGS
        assert set(attributes) <= {"href", "src", "alt", "title"}
        for name in ("href", "src"):
            scheme = urlsplit(attributes.get(name) or "").scheme
            assert scheme in ("", "http", "https", "mailto")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<b onclick=alert(1)>x</b>",
        "<style>p{}</style>",
        "<mj-raw>x</mj-raw>",
    ],
)
def test_typed_html_is_shown_and_not_obeyed(text: str) -> None:
    assert {tag for tag, _ in Seen(to_html(text)).tags} == {"p"}
    assert "&lt;" in to_html(text)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#106;avascript:alert(1)",
        "vbscript:x",
        "data:text/html,x",
        "file:///etc/passwd",
    ],
)
def test_a_link_that_runs_something_is_no_link(address: str) -> None:
    for text in (f"[x]({address})", f"[x](<{address}>)", f"<{address}>", f"![x]({address})"):
        for _, attributes in Seen(to_html(text)).tags:
            assert not {"href", "src"} & set(attributes)


@pytest.mark.parametrize("address", ["https://a.example/?b=1&c=2", "mailto:ada@a.example"])
def test_a_plain_link_is_kept(address: str) -> None:
    assert Seen(to_html(f"[x]({address})")).tags[-1] == ("a", {"href": address})


@pytest.mark.parametrize("text", ["![](https://a.example/b.png)", "a\n\n- ![ ](b.png) c"])
def test_a_picture_without_alt_text_is_a_problem(text: str) -> None:
    assert ["alt text" in problem for problem, _ in problems(text)] == [True]


def test_a_picture_with_alt_text_is_none() -> None:
    assert list(problems("![The quay](https://a.example/b.png)")) == []


@given(st.lists(st.sampled_from(["> ", "- ", "1. "]), max_size=20).map("".join))
def test_what_is_nested_is_kept_or_called_too_deep(nesting: str) -> None:
    kept = "word" in to_html(nesting + "word")
    assert kept or any("nested" in problem for problem, _ in problems(nesting + "word"))


@pytest.mark.parametrize("unit", ["> ", "- ", "[", "![", "*", "_a ", "<a", "[x](", "`", "&", "1. "])
def test_a_bomb_of_nesting_goes_off_quietly(unit: str) -> None:
    text = (unit * 10_000)[:20_000]
    begun = time.process_time()
    list(problems(text))
    to_html(text)
    # Seconds of the processor's, not of the clock's: a bomb that goes off takes minutes.
    assert time.process_time() - begun < 10


def test_a_text_without_end_is_a_problem() -> None:
    assert list(problems("a" * LONGEST)) == []
    assert ["characters" in problem for problem, _ in problems("a" * (LONGEST + 1))] == [True]


def test_control_characters_and_halves_of_characters_are_taken_out() -> None:
    assert normalise("a\r\nb\rc\x00\x07\x0b\x7f\ud800d\te") == "a\nb\ncd\te"
    assert to_html("a\ud83dz") == "<p>az</p>"
