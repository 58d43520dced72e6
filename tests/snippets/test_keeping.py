"""Snippets are kept whole, changed, thrown away, and become parts of a case."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.cases.models import Case, CasePerson
from app.clock import now
from app.errors import InvalidInput, Refused
from app.networks.models import Network
from app.snippets import keeping
from app.snippets.models import Snippet, SnippetKind
from tests import personas

AT = now()
LATER = AT + timedelta(hours=1)
BODY = {"body": "With **warm** regards"}


@pytest.fixture(autouse=True)
def _asked_for(app: Flask) -> Iterator[None]:
    """Somebody's language is known, as in a request."""
    with app.test_request_context():
        yield


@pytest.fixture
def network(session: Session) -> Network:
    return personas.network(session)


@pytest.fixture
def case(session: Session) -> Case:
    return personas.case(session)


def kept(
    session: Session,
    network: Network,
    kind: SnippetKind = SnippetKind.CLOSING,
    title: str = "Warm",
    content: dict[str, Any] = BODY,
) -> Snippet:
    return keeping.keep(session, network, kind, title, content, None, AT)


def test_a_closing_is_kept_with_who_kept_it(session: Session, network: Network) -> None:
    somebody = personas.staff(session)
    snippet = keeping.keep(
        session, network, SnippetKind.CLOSING, " Warm \n one ", BODY, somebody, AT
    )
    session.expire(snippet)
    assert (snippet.title, snippet.content) == ("Warm one", BODY)
    assert (snippet.created_by, snippet.created_at, snippet.updated_at) == (somebody.id, AT, AT)


def test_only_the_fields_of_its_kind_are_kept(session: Session, network: Network) -> None:
    snippet = kept(session, network, content=BODY | {"more": "x"})
    assert snippet.content == BODY
    addressee = kept(session, network, SnippetKind.ADDRESSEE, "Office", {"title": "Office"})
    assert addressee.content == {
        **dict.fromkeys(("title",), "Office"),
        **dict.fromkeys(("name", "post", "fax", "email"), ""),
        "salutations": {},
        "copies": [],
    }


@pytest.mark.parametrize(
    ("kind", "title", "content"),
    [
        ("text", "", BODY),
        ("text", " \n", BODY),
        ("text", "Empty", {}),
        ("text", "Empty", {"body": " \n"}),
        ("text", "Picture", {"body": "![](https://x.example/a.png)"}),
        ("text", "Long", {"body": "x" * 60_001}),
        ("ask", "No reason", {"kind": "letter", "headline": "Write."}),
        (
            "ask",
            "Nested",
            {"kind": "letter", "headline": "x", "why": "x", "instructions": ">" * 40},
        ),
        ("addressee", "No office", {"name": "Osric Vane"}),
    ],
)
def test_what_could_not_be_used_again_is_not_kept(
    session: Session, network: Network, kind: str, title: str, content: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        kept(session, network, SnippetKind(kind), title, content)
    assert keeping.of_network(session, network) == []


def test_a_change_names_what_changed(session: Session, network: Network) -> None:
    snippet = kept(session, network)
    assert keeping.change(snippet, "Warm", BODY, LATER) == []
    assert snippet.updated_at == AT
    assert keeping.change(snippet, "Cool", {"body": "Regards"}, LATER) == ["snippet_title", "body"]
    session.flush()
    session.expire(snippet)
    assert (snippet.title, snippet.content["body"], snippet.updated_at) == (
        "Cool",
        "Regards",
        LATER,
    )
    with pytest.raises(InvalidInput):
        keeping.change(snippet, "Cool", {"body": ""}, LATER)


def test_a_removed_snippet_is_gone(session: Session, network: Network) -> None:
    keeping.remove(session, kept(session, network))
    assert keeping.of_network(session, network) == []


def test_a_network_has_its_own_snippets_by_title_and_kind(
    session: Session, network: Network
) -> None:
    other = personas.network(session, "medical")
    warm, about = kept(session, network), kept(session, network, SnippetKind.TEXT, "about us")
    theirs = kept(session, other)
    assert keeping.of_network(session, network) == [about, warm]
    assert keeping.of_network(session, network, SnippetKind.TEXT) == [about]
    assert keeping.of_networks(session, [network, other], SnippetKind.CLOSING) == [warm, theirs]
    assert keeping.of_networks(session, []) == []


def test_an_ask_is_kept_without_its_case_and_fits_another(
    session: Session, network: Network, case: Case
) -> None:
    asked = personas.ask(
        session,
        case,
        headline="Write to the Minister of Justice about Mira Solenne.",
        instructions="Ask about Port Halden, Veridia.",
    )
    snippet = keeping.keep_ask(session, network, asked, None, AT)
    assert snippet.title == "Write to the Minister of Justice about {people}."
    other = personas.case(
        session, title="Ilan Brecht", place="Orla", people=[CasePerson(name="Ilan Brecht")]
    )
    ask = keeping.ask_from(session, snippet, other, ["medical"], LATER)
    assert ask.headline == "Write to the Minister of Justice about Ilan Brecht."
    assert ask.instructions == "Ask about Orla."
    assert (ask.why, ask.button, ask.sectors) == (asked.why, asked.button, ["medical"])
    assert [one.title for one in ask.addressees] == ["Minister of Justice"]
    assert other.updated_at == LATER


def test_an_ask_from_a_snippet_is_a_new_one_each_time(
    session: Session, network: Network, case: Case
) -> None:
    snippet = keeping.keep_ask(session, network, personas.ask(session, case), None, AT)
    for _time in range(2):
        keeping.ask_from(session, snippet, case, [], LATER)
    assert len({ask.reference for ask in case.asks}) == 3
    assert [ask.position for ask in case.asks] == [0, 1, 2]


def test_an_addressee_goes_to_another_case_whole_and_once(
    session: Session, network: Network, case: Case
) -> None:
    snippet = keeping.keep_addressee(session, network, case.addressees[0], None, AT)
    assert snippet.title == "Minister of Justice, Osric Vane"
    other = personas.case(session, addressees=[])
    added = keeping.addressee_from(session, snippet, other)
    assert (added.salutations, added.copies) == (
        {"en": "Dear Minister"},
        ["embassy@veridia.example"],
    )
    assert (added.post, added.email) == (case.addressees[0].post, "minister@justice.example")
    assert keeping.addressee_from(session, snippet, other) is added
    assert other.addressees == [added]


def test_a_snippet_of_another_kind_is_refused(
    session: Session, network: Network, case: Case
) -> None:
    snippet = kept(session, network)
    with pytest.raises(Refused):
        keeping.ask_from(session, snippet, case, [], AT)
    with pytest.raises(Refused):
        keeping.addressee_from(session, snippet, case)
