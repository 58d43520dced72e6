"""The words of a draft, saved field by field: of two people on one issue, neither loses a word.

Each change says from which text it began. Where somebody else has changed the field since, both
changes are merged when they lie in different lines; else nothing of it is saved, and both are
shown.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from merge3 import Merge3
from sqlalchemy.orm import Session, object_session

from app.issues import blocks
from app.issues.blocks import LINE, MARKDOWN
from app.issues.editing import WORDS, require_draft
from app.issues.models import Block, BlockKind, Issue
from app.media.keeping import usable

OF_A_BLOCK = re.compile(r"block(\d{1,9})-([a-z]+)")
LONG = ("introduction", "closing")  # of the issue's words, those that hold lines
# Whatever Python's own mail library takes for the end of a line.
_BREAKS = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Change:
    """`field`: "subject", or "block7-body"; `was`: the text that the change began from."""

    field: str
    was: str
    text: str


@dataclass(frozen=True)
class Clash:
    field: str
    theirs: str
    mine: str


@dataclass
class Saved:
    """`changed`: field -> what it holds now; `merged` are those of them that hold another's words
    too. `gone`: fields of blocks that somebody took out, with the words that found no place.
    `unsaved`: the words of fields with problems."""

    changed: dict[str, str] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    gone: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    unsaved: dict[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing that was said is left unsaved."""
        return not (self.clashes or self.gone or self.problems)


@dataclass(frozen=True)
class Place:
    """Where a field's text is kept."""

    text: str
    longest: int
    is_line: bool
    put: Callable[[str], None]
    choices: Collection[str] | None = None  # None: any text


def save(
    session: Session, issue: Issue, changes: Iterable[Change], staff_id: int | None, now: datetime
) -> Saved:
    """Refused when it is no draft any more."""
    session.refresh(issue, with_for_update=True)
    require_draft(issue)
    saved = Saved()
    for change in changes:
        if change.text != change.was:
            _save(issue, change, saved)
    if saved.changed:
        issue.updated_at, issue.changed_by = now, staff_id
    return saved


def place_of(issue: Issue, name: str) -> Place | None:
    """None for a field that the issue has not, or not any more."""
    if name in WORDS:
        longest = MARKDOWN if name in LONG else LINE
        held = getattr(issue, name)
        return Place(held, longest, name not in LONG, lambda text: setattr(issue, name, text))
    found = OF_A_BLOCK.fullmatch(name)
    block = found and next((b for b in issue.blocks if b.id == int(found[1])), None)
    if block and found and (block.kind, found[2]) == (BlockKind.PICTURE, "picture"):
        return _place_of_picture(issue, block)
    kind = block and found and blocks.field_of(block, found[2])
    if not block or not kind:
        return None
    held = str(block.words.get(issue.language, {}).get(kind.name, ""))

    def put(text: str) -> None:
        blocks.say(block, kind.name, issue.language, text)

    return Place(held, kind.longest, kind.form != "markdown", put)


def _place_of_picture(issue: Issue, block: Block) -> Place:
    session = object_session(issue)
    assert session is not None
    library = {str(picture.id): picture for picture in usable(session, issue.network)}

    def put(text: str) -> None:
        block.picture = library.get(text)

    return Place(str(block.picture_id or ""), LINE, True, put, {"", *library})


def _save(issue: Issue, change: Change, saved: Saved) -> None:
    name, place = change.field, place_of(issue, change.field)
    if place is None:
        saved.gone[name] = change.text
        return
    text = _tidy(change.text) if place.is_line else change.text
    if place.text not in (change.was, text):
        merged = None if place.is_line else merge(change.was, place.text, text)
        if merged is None:
            saved.clashes.append(Clash(name, place.text, text))
            return
        text = merged
        saved.merged.append(name)
    if problem := _problem(name, text, place):
        saved.problems[name], saved.unsaved[name] = problem, text
        return
    if text != place.text:
        place.put(text)
    saved.changed[name] = text


def merge(was: str, theirs: str, mine: str) -> str | None:
    """Both changes of a text; None where they touch the same lines."""
    base, one, other = (f"{text}\n".splitlines(keepends=True) for text in (was, theirs, mine))
    found = Merge3(base, one, other)
    if any(region[0] == "conflict" for region in found.merge_regions()):
        return None
    return "".join(found.merge_lines()).removesuffix("\n")


def _tidy(text: str) -> str:
    """A single line: what was pasted with breaks in it."""
    return _BREAKS.sub(" ", text).strip()


def _problem(name: str, text: str, place: Place) -> str:
    if len(text) > place.longest:
        long: str = ngettext(
            "This is longer than %(num)s character and was not saved. Shorten it.",
            "This is longer than %(num)s characters and was not saved. Shorten it.",
            place.longest,
        )
        return long
    if place.choices is not None and text not in place.choices:
        return str(_("This is not there any more, and was not saved. Choose another."))
    if name == "title" and not text:
        return str(_("Give the issue a title. The one before is kept."))
    return ""
