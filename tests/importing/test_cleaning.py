"""Cells as people fill them, made of one kind; what cannot be kept is named with its reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.importing.cleaning import Candidate, Problem, clean
from app.importing.columns import FIELDS
from app.importing.reading import Row
from app.vocabulary import country_code, language_code

LINE = 7


def cleaned(email: str = "ada@example.org", **said: str) -> tuple[Candidate | None, list[Problem]]:
    """The cells under titles that are the fields in capitals."""
    fields = ["email", *said]
    header = [field.upper() for field in fields]
    return clean(Row(LINE, (email, *said.values())), header, dict(enumerate(fields)))


def person(email: str = "ada@example.org", **said: str) -> Candidate:
    candidate, problems = cleaned(email, **said)
    assert candidate is not None and problems == []
    return candidate


def refusal(email: str = "ada@example.org", **said: str) -> Problem:
    candidate, problems = cleaned(email, **said)
    assert candidate is None
    (fatal,) = [problem for problem in problems if problem.fatal]
    return fatal


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Ada \u00a0 Quill\u200b ", "Ada Quill"),
        ("ADA QUILL", "Ada Quill"),
        ("ada quill", "Ada Quill"),
        ("QUILL, Ada", "Ada Quill"),
        ("QUILL Ada", "Quill Ada"),
        ("Dr. ADA QUILL", "Dr Ada Quill"),
        ("Quill, dr Ada", "Dr Ada Quill"),
        ("Prof. Dr. Ada Quill", "Prof Dr Ada Quill"),
        ("Mme Ada Quill", "Ada Quill"),
        ("Herr Dr. Bo Quill", "Dr Bo Quill"),
        ("Bo M. Quill", "Bo M. Quill"),
        ("ADA DE LA FOSSE", "Ada de la Fosse"),
        ("Ada van der Quill", "Ada van der Quill"),
        ("DE LA FOSSE, ADA", "Ada de la Fosse"),
        ("MARIE-ÈVE O'HOLLOW", "Marie-Ève O'Hollow"),
        ("Ada McQuill", "Ada McQuill"),
        ("J.R. QUILL", "J.R. Quill"),
        ("bell hooks, Ada von Quill, Bo", "bell hooks, Ada von Quill, Bo"),
        ("李 小龙", "李 小龙"),
        ("e\u0301ve quill", "Éve Quill"),
        ("n/a", ""),
        ("-", ""),
    ],
)
def test_names_are_written_as_in_a_greeting(written: str, kept: str) -> None:
    assert person(name=written).name == kept


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [
        ("Marie", "DE LA FOSSE", "Marie de la Fosse"),
        ("dr. ada", "QUILL", "Dr Ada Quill"),
        ("", "QUILL", "Quill"),
        ("ada", "", "Ada"),
        ("", "DE LA FOSSE", "De la Fosse"),
    ],
)
def test_first_and_family_names_are_put_together(first: str, last: str, kept: str) -> None:
    assert person(first_name=first, last_name=last).name == kept


def test_a_whole_name_goes_before_its_parts() -> None:
    assert person(name="Ada Quill", first_name="A.", last_name="Q.").name == "Ada Quill"


@pytest.mark.parametrize(
    ("cell", "email", "name"),
    [
        ("Ada@Example.ORG", "Ada@example.org", ""),
        ("QUILL, Ada <ada@example.org>", "ada@example.org", "Ada Quill"),
        ('"Ada Quill" <ada@example.org>;', "ada@example.org", "Ada Quill"),
        ("Ada\nQuill <ada@example.org>", "ada@example.org", "Ada Quill"),
        ("ada@example.org <ada@example.org>", "ada@example.org", ""),
        ("<ada@example.org>", "ada@example.org", ""),
        ("mailto:ada@example.org", "ada@example.org", ""),
        ("Mailto: ada@example.org", "ada@example.org", ""),
        ("ada@example.org,", "ada@example.org", ""),
        ("'+ada@example.org", "+ada@example.org", ""),
    ],
)
def test_addresses_are_found_in_what_mail_programs_copy(cell: str, email: str, name: str) -> None:
    somebody = person(cell)
    assert (somebody.email, somebody.name) == (email, name)
    assert somebody.email_key == email.casefold()


def test_the_name_column_goes_before_the_name_in_the_address() -> None:
    assert person("A. Q. <ada@example.org>", name="Ada Quill").name == "Ada Quill"


def test_addresses_beyond_ascii_are_kept() -> None:
    domain = person("ada@bücher.example")
    assert (domain.email, domain.email_key) == ("ada@bücher.example", "ada@xn--bcher-kva.example")
    assert domain.smtputf8 is False
    assert person("ada@xn--bcher-kva.example").email_key == domain.email_key
    local = person("Zoé@example.org")
    assert (local.email_key, local.smtputf8) == ("zoé@example.org", True)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "There is no address."),
        ("n/a", "There is no address."),
        ("nobody", "an @-sign"),
        ("ada@", "after the @-sign"),
        ("ada@example", "should have a period"),
        ("a b@example.org", "Mail cannot reach"),
        ("ada@example.org; bo@example.org", "More than one address"),
        ("Ada <ada@example.org>, Bo <bo@example.org>", "More than one address"),
        ("a" * 300 + "@example.org", "too long"),
    ],
)
def test_what_mail_cannot_reach_is_refused_with_the_reason(cell: str, reason: str) -> None:
    problem = refusal(cell)
    assert (problem.line, problem.column) == (LINE, "EMAIL")
    assert reason in problem.reason


@pytest.mark.parametrize(
    "text", ["DE", "germany", "Allemagne", "ALEMANIA", "Deutschland", "Германия"]
)
def test_a_country_may_be_named_in_many_languages(text: str) -> None:
    assert country_code(text) == "DE"
    assert person(country=text).country == "DE"


def test_countries_by_their_other_names() -> None:
    assert [country_code(n) for n in ("UK", "Cote d'Ivoire", "Côte d’Ivoire", "U.S.A.", "EU")] == [
        *("GB", "CI", "CI", "US", None)
    ]


@pytest.mark.parametrize("text", ["fr", "French", "français", "Französisch", "fr-CA", "FR_fr"])
def test_a_language_may_be_named_in_many_languages(text: str) -> None:
    assert language_code(text) == "fr"


@pytest.mark.parametrize(
    "cell",
    [
        *("fr, en, de", "fr;en;de", "français / English / Deutsch", "fr|en|de", "fr • en · de"),
        *("French and English, German", "français et anglais et allemand", "fr\nen\r\nde"),
        *(
            "francés y inglés, alemán",
            "Französisch und Englisch & Deutsch",
            "fr, FR;; en, French,de",
        ),
    ],
)
def test_a_list_may_be_written_in_many_ways(cell: str) -> None:
    assert person(languages=cell).languages == ("fr", "en", "de")


def test_lists_keep_their_words_and_drop_doubles() -> None:
    somebody = person(specialties="Droit pénal; droit PÉNAL\nAsylum", tags="board, speaker, ")
    assert somebody.specialties == ("Droit pénal", "Asylum")
    assert somebody.tags == ("board", "speaker")


def test_several_columns_gather_in_one_list() -> None:
    mapping = {0: "email", 1: "tags", 2: "tags", 9: "notes"}
    candidate, problems = clean(
        Row(2, ("ada@example.org", "a", "b, a")), ["E", "T1", "T2"], mapping
    )
    assert candidate is not None and (candidate.tags, problems) == (("a", "b"), [])


@pytest.mark.parametrize(
    ("said", "value", "empty"),
    [
        ({"country": "Atlantis"}, "Atlantis", ""),
        ({"timezone": "Moon/Base"}, "Moon/Base", ""),
        ({"sector": "circus"}, "circus", ""),
        ({"languages": "fr, Elvish"}, "Elvish", ("fr",)),
    ],
)
def test_an_unknown_value_is_left_out_and_named(
    said: dict[str, str], value: str, empty: Any
) -> None:
    candidate, (problem,) = cleaned(**said)
    (field,) = said
    assert candidate is not None and getattr(candidate, field) == empty
    assert (problem.column, problem.value, problem.fatal) == (field.upper(), value, False)
    assert problem.reason.endswith("It was left out.")


def test_known_time_zones_and_sectors_are_kept() -> None:
    somebody = person(timezone="america/new york", sector="Trade Unions")
    assert (somebody.timezone, somebody.sector) == ("America/New_York", "trade_union")


@pytest.mark.parametrize(("field", "limit"), [("name", 200), ("profession", 200), ("notes", 5000)])
def test_an_over_long_value_refuses_the_row(field: str, limit: int) -> None:
    assert getattr(person(**{field: "x" * limit}), field)
    problem = refusal(**{field: "x" * (limit + 1)})
    assert (problem.column, len(problem.value)) == (field.upper(), 200)
    assert str(limit) in problem.reason


def test_notes_keep_their_lines_and_other_cells_become_one() -> None:
    somebody = person(notes="one\r\n\ttwo\x07", profession="judge\nand\tteacher")
    assert (somebody.notes, somebody.profession) == ("one\n two", "judge and teacher")


@hypothesis_settings(max_examples=300)
@given(st.lists(st.text(max_size=60), max_size=14), st.sampled_from([1, 2, 9]))
def test_whatever_stands_in_the_cells_nothing_is_raised(cells: list[str], step: int) -> None:
    mapping = {number * step: field for number, field in enumerate(FIELDS)}
    candidate, problems = clean(Row(1, tuple(cells)), cells[: len(cells) // 2], mapping)
    assert candidate is not None or any(problem.fatal for problem in problems)


@hypothesis_settings(max_examples=300)
@given(st.sampled_from(list(FIELDS)), st.text(), st.sampled_from("@<>,;.'\"= \n"))
def test_one_wild_cell_leaves_the_others_alone(field: str, text: str, glue: str) -> None:
    if field == "email":
        cleaned(email=f"{text}{glue}<a{text}@example.org>{glue}")
        return
    candidate, problems = cleaned(
        **{field: text + glue + text, "country": "fr"} | {"country": "fr"}
    )
    assert candidate is None or candidate.email == "ada@example.org"
    assert all(problem.line == LINE and problem.reason for problem in problems)
