"""Which column is what."""

import pytest

from app.importing.columns import field_of, looks_like_header, problems, suggest


def named(*titles: str) -> list[str | None]:
    found = suggest(titles, [])
    return [found.get(column) for column in range(len(titles))]


@pytest.mark.parametrize(
    "titles",
    [
        ("Email Address", "First name", "Last Name", "Job title", "Country of residence"),
        ("Adresse électronique", "Prénom", "NOM", "Métier", "Pays"),
        ("Correo electrónico", "Nombre", "Apellidos", "Profesión", "País"),
        ("E-Mail-Adresse", "Vorname", "Nachname", "Beruf", "Land"),
        ("Indirizzo e-mail", "Nome", "Cognome", "Professione", "Paese"),
    ],
    ids=["en", "fr", "es", "de", "it"],
)
def test_headers_are_understood_in_five_languages(titles: tuple[str, ...]) -> None:
    assert named(*titles) == ["email", "first_name", "last_name", "profession", "country"]


@pytest.mark.parametrize(
    ("titles", "fields"),
    [
        (("E-mail", "Languages", "Expertise", "Tags", "Comments"), None),
        (("Courriel", "Langues parlées", "Spécialités", "Étiquettes", "Remarques"), None),
        (("Correo", "Idiomas", "Especialidades", "Etiquetas", "Observaciones"), None),
        (("Mail", "Sprachen", "Fachgebiete", "Schlagworte", "Bemerkungen"), None),
        (("Posta elettronica", "Lingue", "Specialità", "Etichette", "Note"), None),
        (
            ("email", "Time zone", "Sektor", "Fuseau horaire", "shoe size"),
            ["email", "timezone", "sector", None, None],
        ),
    ],
    ids=["en", "fr", "es", "de", "it", "rest"],
)
def test_lists_and_notes_are_understood_too(
    titles: tuple[str, ...], fields: list[str | None] | None
) -> None:
    assert named(*titles) == (fields or ["email", "languages", "specialties", "tags", "notes"])


@pytest.mark.parametrize(
    ("titles", "fields"),
    [
        (("E-mail", "Nom et prénom"), ["email", "name"]),
        (("E-mail", "Name"), ["email", "name"]),
        (("E-mail", "Nome"), ["email", "name"]),
        (("E-mail", "Prénom", "Nom"), ["email", "first_name", "last_name"]),
        (("E-mail", "Nombre", "Apellido"), ["email", "first_name", "last_name"]),
        (("E-mail", "Vorname", "Name"), ["email", "first_name", "last_name"]),
        (("E-mail", "Last name"), ["email", "last_name"]),
    ],
)
def test_a_name_is_whole_first_or_last_by_what_stands_beside_it(
    titles: tuple[str, ...], fields: list[str]
) -> None:
    assert named(*titles) == fields


def test_the_first_of_two_columns_is_taken_but_lists_gather() -> None:
    assert named("E-mail", "Mail", "Tags", "Group") == ["email", None, "tags", "tags"]


@pytest.mark.parametrize("title", ["E-MAIL", " e mail ", "E_mail:", "E‑mail", "البريد الإلكتروني"])
def test_case_accents_and_punctuation_do_not_matter(title: str) -> None:
    assert field_of(title) == "email"
    assert looks_like_header(["x", title])


def test_without_a_title_the_addresses_tell_the_column() -> None:
    sample = [("Ada", "", "@ada"), ("Bo", "bo@example.org", ""), ("Cy", "Cy <cy@example.org>", "")]
    assert suggest(["Column 1", "Column 2", "Column 3"], sample) == {1: "email"}


def test_words_about_addresses_are_not_addresses() -> None:
    sample = [("", "An address must have an @-sign."), ("ada@example.org", "An @-sign")]
    assert suggest(["Column 1", "Column 2"], sample) == {0: "email"}


def test_what_is_missing_double_or_unknown_is_said() -> None:
    assert problems({0: "email", 1: "tags", 2: "tags", 3: ""}) == []
    assert "e-mail" in problems({0: "name"})[0]
    assert "“Name”" in problems({0: "email", 1: "name", 2: "name"})[0]
    assert "“E-mail address”" in problems({0: "email", 1: "email"})[0]
    assert "shoes" in problems({0: "email", 1: "shoes"})[0]
    assert len(problems({0: "shoes", 1: "name", 2: "name"})) == 3
