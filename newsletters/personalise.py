"""Merge fields, written {{name}} or {{name|colleague}}: find them, fill them, list what lacks.

A value is put in as it is: what looks like a merge field inside it stays what it is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

KNOWN = ("name", "profession", "country")
_FIELD = re.compile(r"\{\{\s*([A-Za-z_]+)\s*(?:\|([^{}|]*))?\}\}")


@dataclass(frozen=True)
class MergeField:
    name: str
    fallback: str | None  # None: there is none, so a member without the value is a problem


def find(text: str) -> list[MergeField]:
    """In the order they stand."""
    return [_field(match) for match in _FIELD.finditer(text)]


def replace(text: str, put: Callable[[MergeField], str]) -> str:
    """`put` says what stands in a field's place."""
    return _FIELD.sub(lambda match: put(_field(match)), text)


def missing(texts: Iterable[str], fields: Mapping[str, str]) -> list[str]:
    """The fields that this member has no value for and that have no fallback."""
    lacking = [
        wanted.name
        for text in texts
        for wanted in find(text)
        if wanted.fallback is None and not fields.get(wanted.name, "").strip()
    ]
    return list(dict.fromkeys(lacking))


def unknown(texts: Iterable[str]) -> list[str]:
    """Field names that no member will ever have."""
    names = (wanted.name for text in texts for wanted in find(text))
    return list(dict.fromkeys(name for name in names if name not in KNOWN))


def _field(match: re.Match[str]) -> MergeField:
    fallback = match[2]
    return MergeField(match[1].lower(), None if fallback is None else fallback.strip())
