"""The content of an issue as a JSON document, and back.

What a later version of newsletters/ adds has its default here; what it took away is passed over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any, TypeVar

from newsletters.content import (
    Addressee,
    Ask,
    Block,
    CaseBlock,
    Development,
    Fact,
    Issue,
    Link,
    Picture,
    Section,
)

T = TypeVar("T")


def to_document(content: Issue) -> dict[str, Any]:
    """Made of what JSON knows."""
    plain: dict[str, Any] = _plain(asdict(content))
    return plain


def from_document(document: Mapping[str, Any]) -> Issue:
    return _made(Issue, document, blocks=_each(document["blocks"], _block))


def _block(said: Mapping[str, Any]) -> Block:
    if "asks" not in said:
        return _section(said)
    developments = _each(said["developments"], _development)
    return _made(CaseBlock, said, developments=developments, asks=_each(said["asks"], _ask))


def _section(said: Mapping[str, Any]) -> Section:
    facts = tuple(_made(Fact, fact) for fact in said["facts"])
    link = _made(Link, said["link"]) if said["link"] else None
    picture = _made(Picture, said["picture"]) if said["picture"] else None
    return _made(Section, said, facts=facts, link=link, picture=picture)


def _ask(said: Mapping[str, Any]) -> Ask:
    deadline = date.fromisoformat(said["deadline"]) if said["deadline"] else None
    return _made(Ask, said, addressees=_each(said["addressees"], _addressee), deadline=deadline)


def _addressee(said: Mapping[str, Any]) -> Addressee:
    return _made(Addressee, said, copies=tuple(said["copies"]))


def _development(said: Mapping[str, Any]) -> Development:
    return _made(Development, said, on=date.fromisoformat(said["on"]))


def _each(items: Sequence[Mapping[str, Any]], make: Callable[[Any], T]) -> tuple[T, ...]:
    return tuple(make(item) for item in items)


def _made(kind: Callable[..., T], said: Mapping[str, Any], **parts: Any) -> T:
    """`parts` are those that are no plain text or number."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in said.items() if name in known} | parts)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value
