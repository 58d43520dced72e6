"""{people} and {place} are put in and taken out; merge fields stay."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.cases.models import CasePerson
from app.catalogue import filling
from app.catalogue.comparing import compare
from tests import personas

VALUES = {"people": "Mira Solenne", "place": "Port Halden"}


def people(*names: str) -> list[CasePerson]:
    return [CasePerson(name=name, position=number) for number, name in enumerate(names)]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("For {people}, in {place}.", "For Mira Solenne, in Port Halden."),
        ("Dear {{name|colleague}}", "Dear {{name|colleague}}"),
        ("{{people}}", "{{people}}"),
        ("{somebody} and {people}", "{somebody} and Mira Solenne"),
        ("{ people }", "{ people }"),
    ],
)
def test_what_stands_in_single_braces_is_filled_in(text: str, filled: str) -> None:
    assert filling.fill(text, VALUES) == filled


def test_a_value_that_looks_like_a_placeholder_stays_what_it_is() -> None:
    assert filling.fill("{people}", {"people": "{place}", "place": "x"}) == "{place}"


def test_what_nothing_is_filled_in_for_is_named() -> None:
    assert filling.unknown("{people} {who} {{name}} {place} {who}") == ["who"]


def test_a_case_says_who_and_where(session: Session, app: Flask) -> None:
    case = personas.case(session, people=people("Mira Solenne", "Ilan Brecht"), place="Port Halden")
    with app.test_request_context():
        values = filling.values_of(case)
    assert values == {"people": "Mira Solenne and Ilan Brecht", "place": "Port Halden"}


def test_many_people_are_called_as_the_case_is(session: Session, app: Flask) -> None:
    many = people("A", "B", "C", "D")
    case = personas.case(session, title="Four dockers", people=many, place="", country="FR")
    nowhere = personas.case(session, people=[], place="")
    with app.test_request_context():
        assert filling.values_of(case) == {"people": "Four dockers", "place": "France"}
        assert filling.values_of(nowhere)["people"] == "Mira Solenne"
        assert filling.values_of(nowhere)["place"] == "their country"


def test_names_of_a_case_become_placeholders_again(session: Session, app: Flask) -> None:
    case = personas.case(session, title="Mira", people=people("Mira Solenne"))
    text = "Mira Solenne (Mira), in Port Halden, Veridia; the Miranda rule."
    with app.test_request_context():
        loose = filling.loosen(text, case)
    assert loose == "{people} ({people}), in {place}; the Miranda rule."


def test_two_texts_are_compared_word_by_word() -> None:
    found = [(piece.state, piece.text) for piece in compare("Write a letter now.", "Write it now.")]
    assert found == [("same", "Write "), ("gone", "a letter "), ("new", "it "), ("same", "now.")]


@pytest.mark.parametrize(("before", "after"), [("", "a b"), ("a b", ""), ("a\n b", "a\n c")])
def test_the_pieces_make_both_texts(before: str, after: str) -> None:
    pieces = list(compare(before, after))
    assert "".join(p.text for p in pieces if p.state != "new") == before
    assert "".join(p.text for p in pieces if p.state != "gone") == after
