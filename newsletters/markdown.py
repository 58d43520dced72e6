"""Coordinators' text: Markdown to safe HTML, and what must not stand in it."""

import re
from collections.abc import Iterator

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

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


def problems(text: str) -> Iterator[str]:
    """Why a text cannot be mailed: a picture without alt text, nesting, length."""
    if len(text) > LONGEST:
        yield f"has {len(text)} characters; {LONGEST} is the most"
        return
    tokens = _markdown.parse(normalise(text))
    # What would stand inside a block opened just below the limit is left out by the parser.
    if any(token.level + max(token.nesting, 0) >= MAX_NESTING for token in tokens):
        yield "is nested too deeply; use fewer levels of lists or quotations"
    for token in _inline(tokens):
        if token.type == "image" and not (token.content or "").strip():
            yield "holds a picture without alt text: write ![what it shows](address)"


def _inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()
