"""Coordinators' text: Markdown to safe HTML, and what must not stand in it."""

import re
from collections.abc import Iterator, Mapping

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from newsletters.words import same

MAX_NESTING = 12
LONGEST = 60_000  # characters of one text; a whole mail is clipped at 102 KB
_TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "a",
    "ul",
    "ol",
    "li",
    "blockquote",
    "h3",
    "h4",
    "hr",
    "code",
    "img",
}
_markdown = MarkdownIt("js-default", {"maxNesting": MAX_NESTING, "breaks": True, "html": False})
_markdown.disable("table")


def to_html(text: str) -> str:
    """Safe HTML: http(s) and mailto links, pictures with alt text, no script, no style."""
    return nh3.clean(
        _markdown.render(normalise(text)),
        tags=_TAGS,
        attributes={"a": {"href"}, "img": {"src", "alt"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    ).strip()


def normalise(text: str) -> str:
    """One kind of line end, no control characters, no halves of characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "", text)


def problems(text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Why a text cannot be mailed, as a template and its values: length, nesting, a picture without
    alt text."""
    if len(text) > LONGEST:
        values = {"length": len(text), "most": LONGEST}
        yield same("has %(length)s characters; %(most)s is the most"), values
        return
    tokens = _markdown.parse(normalise(text))
    # What would stand inside a block opened just below the limit is left out by the parser.
    if any(token.level + max(token.nesting, 0) >= MAX_NESTING for token in tokens):
        yield same("is nested too deeply; use fewer levels of lists or quotations"), {}
    for token in _inline(tokens):
        if token.type == "image" and not (token.content or "").strip():
            yield same("holds a picture without alt text: write ![what it shows](address)"), {}


def parsed(text: str) -> list[Token]:
    """What a text is made of, for those who set it otherwise than as HTML."""
    return _markdown.parse(normalise(text))


def links_of(text: str) -> Iterator[str]:
    """The addresses that a text leads to."""
    for token in _inline(_markdown.parse(normalise(text[:LONGEST]))):
        if token.type == "link_open":
            yield str(token.attrs.get("href", ""))


def _inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()
