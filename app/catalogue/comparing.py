"""What differs between two texts, word by word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class Piece:
    state: str  # same, gone or new
    text: str


def compare(before: str, after: str) -> Iterator[Piece]:
    old, new = _words(before), _words(after)
    for _tag, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if old[i:i_end] == new[j:j_end]:
            yield Piece("same", "".join(new[j:j_end]))
            continue
        if i < i_end:
            yield Piece("gone", "".join(old[i:i_end]))
        if j < j_end:
            yield Piece("new", "".join(new[j:j_end]))


def _words(text: str) -> list[str]:
    """With the space after each."""
    return re.findall(r"\S+\s*|\s+", text)
