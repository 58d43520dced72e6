"""The words of a letter, for a page: plain text, whatever stands in it."""

from dataclasses import dataclass
from email.message import Message

from app.inbound.sorting import html_text, parsing
from app.letters import files

READABLE = frozenset({files.MAIL, files.TEXT})
LONGEST = 50_000  # characters that a page shows


@dataclass(frozen=True)
class Words:
    """`to`, `subject` and `date` are a mail's own; empty for a text."""

    text: str
    to: str = ""
    subject: str = ""
    date: str = ""
    is_cut: bool = False


def words(content: bytes, media_type: str) -> Words | None:
    """None where only a program of its own can show it."""
    if media_type == files.TEXT:
        return _cut(content.decode("utf-8-sig", "replace").replace("\0", ""))
    if media_type != files.MAIL:
        return None
    message = parsing.parse(content)
    found = _cut(parsing.text_under(message) or _without_markup(message))
    to = ", ".join(address for _name, address in parsing.addresses(message, "to", "cc"))
    subject, date = parsing.header(message, "subject"), parsing.header(message, "date")
    return Words(found.text, to[:1000], subject[:500], date[:100], found.is_cut)


def _without_markup(message: Message) -> str:
    """The words of a mail that is HTML alone."""
    return html_text.to_text(parsing.text_under(message, ("text/html",))).strip()


def _cut(text: str) -> Words:
    return Words(text[:LONGEST], is_cut=len(text) > LONGEST)
