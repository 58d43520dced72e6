"""The kinds of blocks that an issue is made of: which words each has, and with which it begins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.issues.models import Block, BlockKind, Issue
from app.translating import into
from newsletters.words import same

Form = Literal["line", "markdown", "address"]
LINE, MARKDOWN, ADDRESS = 200, 20_000, 1_000  # the most characters of each form


@dataclass(frozen=True)
class Field:
    """One of a block's words. `form`: one line, Markdown, or the address of a link."""

    name: str
    label: LazyString
    form: Form = "line"
    hint: LazyString | str = ""

    @property
    def longest(self) -> int:
        return {"line": LINE, "markdown": MARKDOWN, "address": ADDRESS}[self.form]


_HEADING = Field("heading", _l("Heading"))
_BODY = Field("body", _l("Text"), "markdown")
_LABEL = Field("label", _l("Words of the link"))
_ADDRESS = Field("address", _l("Link"), "address", _l("It begins with https://."))

FIELDS: Mapping[BlockKind, tuple[Field, ...]] = {
    BlockKind.CASE: (
        Field("note", _l("Note to members"), "markdown", _l("Why this case, here and now.")),
    ),
    BlockKind.TEXT: (_HEADING, _BODY),
    BlockKind.NEWS: (_HEADING, _BODY),
    BlockKind.EVENT: (
        _HEADING,
        Field("when", _l("When")),
        Field("where", _l("Where")),
        _BODY,
        _ADDRESS,
        _LABEL,
    ),
    BlockKind.PICTURE: (Field("body", _l("Caption"), "markdown"),),
    BlockKind.DIVIDER: (),
    BlockKind.COLLEAGUES: (_HEADING, _BODY),
    BlockKind.THANKS: (_HEADING, _BODY),
}
NAMES: Mapping[BlockKind, LazyString] = {
    BlockKind.CASE: _l("Case"),
    BlockKind.TEXT: _l("Text"),
    BlockKind.NEWS: _l("Good news"),
    BlockKind.EVENT: _l("Event"),
    BlockKind.PICTURE: _l("Picture"),
    BlockKind.DIVIDER: _l("Dividing line"),
    BlockKind.COLLEAGUES: _l("Call to colleagues"),
    BlockKind.THANKS: _l("Thanks"),
}
# What a new block says, in the issue's language, until somebody says it better.
_BEGINNINGS = {
    BlockKind.NEWS: {"heading": same("Good news")},
    BlockKind.COLLEAGUES: {
        "heading": same("Do you know a colleague?"),
        "body": same("Pass this on to one who might act too. This is where they can join:"),
    },
    BlockKind.THANKS: {
        "heading": same("Thank you"),
        "body": same("To all of you who acted on our last newsletter: thank you."),
    },
}


def beginning(kind: BlockKind, language: str) -> dict[str, Any]:
    """The words of a new block."""
    translate = into(language)
    said = {name: translate(text) for name, text in _BEGINNINGS.get(kind, {}).items()}
    return {language: said} if said else {}


def languages_of(issue: Issue, language: str = "") -> tuple[str, ...]:
    """In which words are looked for, best first: the edition's language, then the issue's."""
    wanted = (language, language.partition("-")[0], issue.language)
    return tuple(dict.fromkeys(name for name in wanted if name))


def said(block: Block, field: str, languages: Sequence[str]) -> str:
    """The block's words in the first of the languages that it has them in, else in any."""
    for language in (*languages, *block.words):
        if text := block.words.get(language, {}).get(field, ""):
            return str(text)
    return ""


def say(block: Block, field: str, language: str, text: str) -> None:
    held = dict(block.words.get(language, {}))
    held[field] = text
    block.words = block.words | {language: held}


def fields_of(block: Block) -> Iterator[Field]:
    yield from FIELDS[BlockKind(block.kind)]


def field_of(block: Block, name: str) -> Field | None:
    return next((field for field in fields_of(block) if field.name == name), None)
