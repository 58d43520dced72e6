"""What differs between two documents of an issue, field by field and word by word."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from flask_babel import gettext as _

from app.issues.blocks import FIELDS, NAMES
from app.issues.document import OF_ITS_OWN
from app.issues.editing import WORDS
from app.issues.models import BlockKind

Op = Literal["same", "gone", "new"]
MOST_WORDS = 4_000  # of a text that is compared word by word; a longer one is shown as a whole
_TOKENS = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True)
class Difference:
    """`parts`: (same, gone or new, words) in the order they are read."""

    where: str
    parts: tuple[tuple[Op, str], ...]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    return [*_of_words(before, after), *_of_blocks(before, after)]


def _of_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    labels = {
        "title": _("Title"),
        "subject": _("Subject"),
        "preview": _("Preview line"),
        "greeting": _("Greeting"),
        "introduction": _("Introduction"),
        "closing": _("Closing"),
        "sender_name": _("Signed by"),
    }
    for name in (*WORDS, "language"):
        yield from _changed(labels.get(name, _("Language")), before.get(name), after.get(name))


def _of_blocks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    held = {block[OF_ITS_OWN]: block for block in before["blocks"]}
    now = {block[OF_ITS_OWN]: block for block in after["blocks"]}
    for name, block in held.items():
        if name not in now:
            yield Difference(_name(block), (("gone", _("taken out")),))
    for name, block in now.items():
        if name not in held:
            yield Difference(_name(block), (("new", _("put in")),))
        yield from _of_block(held.get(name, {}), block)
    kept = [name for name in held if name in now]
    if kept != [name for name in now if name in held]:
        yield Difference(_("Order of the blocks"), (("new", _("changed")),))


def _of_block(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    where = _name(after)
    for field in FIELDS[BlockKind(after["kind"])]:
        for language in {**before.get("words", {}), **after.get("words", {})}:
            texts = (said.get("words", {}).get(language, {}) for said in (before, after))
            yield from _changed(f"{where}: {field.label}", *(t.get(field.name) for t in texts))
    asks = (", ".join(said.get("asks", ())) for said in (before, after))
    yield from _changed(f"{where}: {_('Asks')}", *asks)
    for name, label in (("picture", _("Picture")), ("record", _("Numbers"))):
        if before and before.get(name) != after.get(name):
            yield Difference(f"{where}: {label}", (("new", _("changed")),))


def _changed(where: str, before: str | None, after: str | None) -> Iterator[Difference]:
    if (before or "") != (after or ""):
        yield Difference(where, tuple(_parts(before or "", after or "")))


def _parts(before: str, after: str) -> Iterator[tuple[Op, str]]:
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    if max(len(old), len(new)) > MOST_WORDS:
        old, new = [before], [after]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for op, from_old, to_old, from_new, to_new in matcher.get_opcodes():
        if op == "equal":
            yield "same", "".join(old[from_old:to_old])
            continue
        if from_old < to_old:
            yield "gone", "".join(old[from_old:to_old])
        if from_new < to_new:
            yield "new", "".join(new[from_new:to_new])


def _name(block: Mapping[str, Any]) -> str:
    kind = str(NAMES[BlockKind(block["kind"])])
    return f"{kind} {block['case']}" if "case" in block else kind
