"""An entry becomes an ask of a case, once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.cases.editing import remove_part, withdraw
from app.cases.models import Case
from app.catalogue import editing, taking
from app.catalogue.models import CatalogueAsk
from app.clock import now
from tests import personas
from tests.catalogue.conftest import WORDS, entry

AT = now() + timedelta(days=1)


@pytest.fixture(autouse=True)
def _asked_for(app: Flask) -> Iterator[None]:
    """Somebody's language is known, as in a request."""
    with app.test_request_context():
        yield


@pytest.fixture
def case(session: Session) -> Case:
    return personas.case(session)


@pytest.fixture
def letter(session: Session) -> CatalogueAsk:
    return entry(session)


def test_its_words_are_filled_in_for_the_case(
    session: Session, case: Case, letter: CatalogueAsk
) -> None:
    ask = taking.take(session, case, letter, ["legal", "media"], AT)
    assert ask.headline == "Write to the Minister of Justice about Mira Solenne."
    assert ask.why == "Letters from Port Halden, Veridia and elsewhere are read."
    assert ask.model_text.endswith("about Mira Solenne, in Port Halden, Veridia.")
    assert (ask.kind, ask.button) == ("letter", "I have sent my letter")
    assert (ask.sectors, ask.specialties, ask.countries, ask.languages) == (
        ["legal", "media"],
        [],
        [],
        [],
    )
    assert (case.asks, case.updated_at) == ([ask], AT)


def test_it_goes_to_the_addressee_whose_office_it_names(
    session: Session, case: Case, letter: CatalogueAsk
) -> None:
    ask = taking.take(session, case, letter, [], AT)
    assert [one.title for one in ask.addressees] == ["Minister of Justice"]
    other = entry(session, "other", headline="Write to the prison's doctor about {people}.")
    assert taking.take(session, case, other, [], AT).addressees == []


def test_it_comes_last_whatever_was_removed_before(
    session: Session, case: Case, letter: CatalogueAsk
) -> None:
    first, _second = personas.ask(session, case), personas.ask(session, case)
    remove_part(session, case, "asks", first)
    ask = taking.take(session, case, letter, [], AT)
    session.flush()
    session.expire(case)
    assert case.asks[-1] is ask
    assert len({one.position for one in case.asks}) == 2


def test_the_same_entry_again_is_the_same_ask_for_more_sectors(
    session: Session, case: Case, letter: CatalogueAsk
) -> None:
    ask = taking.take(session, case, letter, ["legal"], AT)
    ask.why = "As a coordinator put it."
    assert taking.take(session, case, letter, ["media", "legal"], AT) is ask
    assert ask.sectors == ["legal", "media"]
    assert ask.why == "As a coordinator put it."
    assert len(case.asks) == 1


def test_an_ask_for_everybody_stays_one_and_may_become_one(
    session: Session, case: Case, letter: CatalogueAsk
) -> None:
    ask = taking.take(session, case, letter, ["legal"], AT)
    taking.take(session, case, letter, [], AT)
    assert ask.sectors == []
    taking.take(session, case, letter, ["media"], AT)
    assert ask.sectors == []


def test_nothing_of_a_case_moves_when_nothing_changes(
    session: Session, case: Case, letter: CatalogueAsk
) -> None:
    taking.take(session, case, letter, ["legal"], AT)
    taking.take(session, case, letter, ["legal"], AT + timedelta(days=1))
    assert case.updated_at == AT


def test_what_was_withdrawn_is_not_asked_again_by_the_same_ask(
    session: Session, case: Case, letter: CatalogueAsk
) -> None:
    first = taking.take(session, case, letter, ["legal"], AT)
    withdraw(first, AT)
    second = taking.take(session, case, letter, ["legal"], AT)
    assert second is not first
    assert first.withdrawn_at is not None
    assert taking.take(session, case, letter, ["legal"], AT) is second
    assert len({ask.reference for ask in case.asks}) == 2


def test_each_case_and_each_entry_has_its_own(
    session: Session, case: Case, letter: CatalogueAsk
) -> None:
    numbered = entry(session, "letter-2")
    asks = [
        taking.take(session, where, what, ["legal"], AT)
        for where in (case, personas.case(session))
        for what in (letter, numbered, entry(session, "of-media", sector="media"))
    ]
    assert len({ask.id for ask in asks}) == 6


def test_a_sector_is_offered_its_entries_in_order_without_the_hidden_ones(session: Session) -> None:
    entry(session, "b", position=2)
    entry(session, "a", position=1)
    editing.hide(entry(session, "c", position=0), AT)
    entry(session, "of-media", sector="media")
    assert [one.reference for one in taking.for_sector(session, "legal")] == ["a", "b"]
    assert taking.for_sector(session, "other") == []


def test_an_entry_of_ones_own_comes_last_under_a_name_of_its_own(session: Session) -> None:
    first = editing.add(session, "legal", WORDS, AT)
    second = editing.add(session, "legal", WORDS, AT)
    assert second.reference == f"{first.reference}-2"
    assert [one.id for one in taking.for_sector(session, "legal")] == [first.id, second.id]
