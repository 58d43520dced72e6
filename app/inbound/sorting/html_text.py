"""The words of an HTML mail, quoted parts marked with `>` as plain mail marks them.

nh3 mends the markup first, in linear time whatever comes in; its output is safe to walk.
"""

from html.parser import HTMLParser

import nh3

LONGEST = 200_000  # characters of markup
DEEPEST = 200  # what is nested deeper is nobody's letter

_BLOCKS = frozenset(
    "address article aside blockquote center dd details div dl dt figure footer form h1 h2 h3 h4 h5"
    " h6 header hr li main nav ol p pre section table tbody td tr ul".split()
)
_TAGS = _BLOCKS | frozenset("a b br em font i img s small span strong sub sup tt u".split())
_DROPPED = frozenset("head script style title template noscript svg math".split())
_QUOTED = ("yahoo_quoted", "protonmail_quote", "tutanota_quote", "zmail_extra", "mail_extra")
_SIGNATURES = ("gmail_signature", "moz-signature", "ms-outlook-mobile-signature", "signature")
_ORIGINAL_BELOW = ("divrplyfwdmsg", "appendonsend", "mail-editor-reference-message-container")


def to_text(markup: str) -> str:
    """Lines of plain text; a line that somebody else wrote begins with `>`."""
    mended = nh3.clean(
        _shallow(markup[:LONGEST]),
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED),
        attributes={"*": {"class", "id"}},
        link_rel=None,
    )
    walker = _Walker()
    walker.feed(mended)
    walker.close()
    return walker.text()


def _shallow(markup: str) -> str:
    """Cut where more elements are open than any letter has: parsers slow down there."""
    opened = 0
    at = markup.find("<")
    while at >= 0:
        following = markup[at + 1 : at + 2]
        if following == "/":
            opened -= 1
        elif following.isalpha() and markup[at + 1 : at + 3].lower() not in (
            "br",
            "hr",
            "im",
            "me",
        ):
            opened += 1
            if opened > 5 * DEEPEST:
                return markup[:at]
        at = markup.find("<", at + 1)
    return markup


class _Walker(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._open: list[tuple[str, bool, bool]] = []  # tag, is quoted, is dropped
        self._quoted = self._dropped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        marks = " ".join(value or "" for _name, value in attrs).lower()
        if tag in _BLOCKS or tag == "br":
            self._end_line()
        if any(mark in marks for mark in _ORIGINAL_BELOW):
            self._lines.append("_" * 32)
        if tag in ("br", "hr", "img"):
            return
        quotes = tag == "blockquote" or any(mark in marks for mark in _QUOTED)
        drops = tag != "blockquote" and any(mark in marks.split() for mark in _SIGNATURES)
        self._quoted += quotes
        self._dropped += drops
        self._open.append((tag, quotes, drops))
        if tag == "p":
            self._blank()

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_line()
        if self._open and self._open[-1][0] == tag:
            _tag, quotes, drops = self._open.pop()
            self._quoted -= quotes
            self._dropped -= drops
        if tag == "p":
            self._blank()

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self._line.append(data)

    def text(self) -> str:
        self._end_line()
        return "\n".join(self._lines)

    def _end_line(self) -> None:
        words = " ".join("".join(self._line).split())
        self._line.clear()
        if words:
            self._lines.append(f"> {words}" if self._quoted else words)

    def _blank(self) -> None:
        if self._lines and self._lines[-1]:
            self._lines.append("")
