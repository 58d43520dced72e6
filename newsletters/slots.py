"""Slots: the places of a compiled issue that differ from member to member.

Until a text is cut at its slots, each is a mark of private-use characters around its number, which
no coordinator can type: they are taken out of everything that comes in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from newsletters.personalise import MergeField

OPEN, CLOSE = "\ue000", "\ue001"
_ESCAPED = {"\\u{e000}": OPEN, "\\u{e001}": CLOSE}
_MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")
_MARK_OR_HALF = re.compile(f"{OPEN}\\d+{CLOSE}|[{OPEN}{CLOSE}]")
Kind = Literal["field", "answer", "copy", "unsubscribe"]


@dataclass(frozen=True)
class Slot:
    """`name`: the merge field's, or the ask's key; `fallback` of a merge field."""

    kind: Kind
    name: str = ""
    fallback: str = ""


class Slots:
    """The slots of one issue; the same place twice is the same slot."""

    def __init__(self) -> None:
        self.all: list[Slot] = []

    def mark(self, slot: Slot) -> str:
        if slot not in self.all:
            self.all.append(slot)
        return f"{OPEN}{self.all.index(slot)}{CLOSE}"

    def field(self, wanted: MergeField) -> str:
        return self.mark(Slot("field", wanted.name, wanted.fallback or ""))

    def cut(self, text: str) -> Iterator[str | Slot]:
        """Literal text and slots, in turn."""
        for number, part in enumerate(_MARK.split(text)):
            if number % 2:
                yield self.all[int(part)]
            elif part:
                yield part


def without_marks(text: str) -> str:
    """Again until nothing is left: what stood around a mark may have become one."""
    before = None
    while text != before:
        before = text
        for mark in (OPEN, CLOSE, *_ESCAPED):
            text = text.replace(mark, "")
    return text


def marks(text: str) -> list[str]:
    """Every mark and half of one, sorted, to see whether a step lost or made some."""
    return sorted(_MARK_OR_HALF.findall(unescaped(text)))


def unescaped(page: str) -> str:
    """Marks as they were: mrml writes characters it cannot print in attributes as Rust does."""
    for escaped, mark in _ESCAPED.items():
        page = page.replace(escaped, mark)
    return page
