"""From a coordinator's words to words that can be compiled: cleaned, merge fields made slots."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from newsletters import personalise
from newsletters.content import Issue
from newsletters.markdown import normalise
from newsletters.slots import Slots, without_marks

T = TypeVar("T")
_NAMES = frozenset({"key", "kind", "language"})  # ours, not a coordinator's


def prepared(issue: Issue, slots: Slots) -> Issue:
    """The same issue, every text cleaned of control characters and marked where it varies."""

    def clean(text: str) -> str:
        return personalise.replace(without_marks(normalise(text)), slots.field)

    return _mapped(issue, clean)


def filled(issue: Issue, values: Mapping[str, str]) -> Issue:
    """The same issue, cleaned, as one reader sees it; a merge field without a value shows its
    fallback."""

    def fill(text: str) -> str:
        clean = without_marks(normalise(text))
        return personalise.replace(clean, lambda w: values.get(w.name, "") or w.fallback or "")

    return _mapped(issue, fill)


def texts(value: Any) -> list[str]:
    """Every text that a coordinator wrote."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    _mapped(value, note)
    return found


def _mapped(value: T, change: Any) -> T:
    if isinstance(value, str):
        changed: T = change(value)
        return changed
    if isinstance(value, tuple):
        return tuple(_mapped(item, change) for item in value)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        parts = {
            field.name: _mapped(getattr(value, field.name), change)
            for field in fields(value)
            if field.name not in _NAMES
        }
        return replace(value, **parts)
    return value
