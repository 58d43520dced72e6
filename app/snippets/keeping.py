"""Snippets are kept, changed, thrown away, and become parts of a case."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.editing import write_part
from app.cases.interchange import OF_ADDRESSEE
from app.cases.models import Addressee, Ask, Case
from app.catalogue import filling
from app.catalogue.models import WORDS
from app.catalogue.taking import add_ask
from app.errors import InvalidInput, Refused
from app.networks.models import Network
from app.snippets.models import Snippet, SnippetKind
from app.staff.models import Staff
from newsletters import markdown

FIELDS = {
    SnippetKind.TEXT: ("body",),
    SnippetKind.CLOSING: ("body",),
    SnippetKind.ASK: WORDS,
    SnippetKind.ADDRESSEE: OF_ADDRESSEE,
}
LONGEST_TITLE = 200
_NEEDED = ("body", "kind", "headline", "why", "title")
_MARKDOWN = ("body", "instructions")
_EMPTY: Mapping[str, Any] = {"salutations": {}, "copies": []}


def keep(
    session: Session,
    network: Network,
    kind: SnippetKind,
    title: str,
    content: Mapping[str, Any],
    staff: Staff | None,
    now: datetime,
) -> Snippet:
    """InvalidInput when it lacks a title or a word that its kind needs, or could not be mailed."""
    snippet = Snippet(
        network_id=network.id,
        kind=kind.value,
        title=_title(title),
        content=_whole(kind, content),
        created_at=now,
        updated_at=now,
        created_by=staff.id if staff else None,
    )
    session.add(snippet)
    session.flush()  # its page needs its id
    return snippet


def keep_ask(
    session: Session, network: Network, ask: Ask, staff: Staff | None, now: datetime
) -> Snippet:
    """Its words alone. Where they name the case's people and place, {people} and {place} stand."""
    words = {name: filling.loosen(getattr(ask, name), ask.case) for name in WORDS}
    return keep(session, network, SnippetKind.ASK, words["headline"], words, staff, now)


def keep_addressee(
    session: Session, network: Network, addressee: Addressee, staff: Staff | None, now: datetime
) -> Snippet:
    content = {name: getattr(addressee, name) for name in OF_ADDRESSEE}
    title = ", ".join(part for part in (addressee.title, addressee.name) if part)
    return keep(session, network, SnippetKind.ADDRESSEE, title, content, staff, now)


def change(snippet: Snippet, title: str, content: Mapping[str, Any], now: datetime) -> list[str]:
    """The names of the fields that changed. InvalidInput as for `keep`."""
    whole = _whole(SnippetKind(snippet.kind), content)
    changed = [name for name, value in whole.items() if snippet.content.get(name) != value]
    if snippet.title != _title(title):
        changed.insert(0, "snippet_title")
    if changed:
        snippet.title, snippet.content, snippet.updated_at = _title(title), whole, now
    return changed


def remove(session: Session, snippet: Snippet) -> None:
    """For good. What was made of it stays."""
    session.delete(snippet)
    session.flush()


def of_network(
    session: Session, network: Network, kind: SnippetKind | None = None
) -> list[Snippet]:
    """By title; of one kind or of all."""
    return of_networks(session, [network], kind)


def of_networks(
    session: Session, networks: Iterable[Network], kind: SnippetKind | None = None
) -> list[Snippet]:
    statement = select(Snippet).where(Snippet.network_id.in_([one.id for one in networks]))
    if kind is not None:
        statement = statement.where(Snippet.kind == kind.value)
    found = session.scalars(statement.order_by(Snippet.id))
    return sorted(found, key=lambda snippet: snippet.title.casefold())


def ask_from(
    session: Session, snippet: Snippet, case: Case, sectors: Sequence[str], now: datetime
) -> Ask:
    """A new ask for these sectors (none: for everybody), with {people} and {place} filled in."""
    _require(snippet, SnippetKind.ASK)
    return add_ask(session, case, snippet.content, sectors, now)


def addressee_from(session: Session, snippet: Snippet, case: Case) -> Addressee:
    """The case's addressee of these words: the one it has, or a new one."""
    _require(snippet, SnippetKind.ADDRESSEE)
    for held in case.addressees:
        if all(getattr(held, name) == value for name, value in snippet.content.items()):
            return held
    made = write_part(session, case, "addressees", None, deepcopy(snippet.content))
    assert isinstance(made, Addressee)
    return made


def _title(title: str) -> str:
    text = " ".join(title.split())
    if not text:
        raise InvalidInput(_("Give the snippet a title, by which you find it again."))
    return text[:LONGEST_TITLE]


def _whole(kind: SnippetKind, content: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of its kind and no other."""
    whole = {name: deepcopy(content.get(name) or _EMPTY.get(name, "")) for name in FIELDS[kind]}
    if problems := list(_problems(whole)):
        raise InvalidInput(_("The snippet was not kept."), problems)
    return whole


def _problems(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        if name in _NEEDED and not value.strip():
            yield name, str(_("is empty; write what is to be used again"))
        if name in _MARKDOWN:
            for what, values in markdown.problems(value):
                yield name, str(_(what, **values))


def _require(snippet: Snippet, kind: SnippetKind) -> None:
    if snippet.kind != kind:
        raise Refused(_("This snippet is of another kind, and cannot be used for that."))
