"""The catalogues: whole, and true to what they translate."""

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from gettext import c2py
from io import BytesIO
from pathlib import Path

import pytest
from babel import Locale
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po

from app import translating
from app.translating import CATALOGUES, LANGUAGES, into, spoken

ROOT = Path(__file__).parent.parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]
PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{[^{}]*\}|%\(\w+\)[a-z]|%%|%")
FALLBACK = re.compile(r"(?<=\|).*(?=\}\})")
HTML = re.compile(r"[<>]|&#?\w+;")
for_each_language = pytest.mark.parametrize("language", TRANSLATED)


def read(language: str) -> Catalog:
    with (CATALOGUES / language / "LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.fixture(scope="module")
def sources() -> Catalog:
    command = [ROOT / "bin/translate", "--template"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return read_po(BytesIO(done.stdout))


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def forms(message: Message) -> list[tuple[str, str]]:
    """(source, translation) of each; every plural form comes with the source's plural."""
    if isinstance(message.id, str):
        return [(message.id, message.string)]
    return [(message.id[1], form) for form in message.string]


@cache
def numbers_of(plural_expression: str) -> dict[int, set[int]]:
    """form -> which of the first thousand numbers it stands for."""
    form_of: Callable[[int], int] = c2py(plural_expression)
    found: dict[int, set[int]] = {}
    for number in range(1001):
        found.setdefault(form_of(number), set()).add(number)
    return found


def placeholders(text: str) -> Counter[str]:
    """The words of a merge field's fallback are translated, so they do not count."""
    return Counter(FALLBACK.sub("", found) for found in PLACEHOLDER.findall(text))


def named(text: str) -> Counter[str]:
    return Counter({name: n for name, n in placeholders(text).items() if name.startswith("%(")})


def same_placeholders(catalog: Catalog, message: Message) -> bool:
    if isinstance(message.id, str):
        return placeholders(message.string) == placeholders(message.id)
    return all(_fits(catalog, message, n, text) for n, text in enumerate(message.string))


def _fits(catalog: Catalog, message: Message, form: int, text: str) -> bool:
    """A form for a single number may say it in words, or not at all: "one member"."""
    singular, plural = map(placeholders, message.id)
    numbers, held = numbers_of(catalog.plural_expr)[form], placeholders(text)
    if len(numbers) == 1:
        return plural - named(message.id[1]) <= held <= plural
    return held == plural or (1 in numbers and held == singular)


def edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def wrong(catalog: Catalog, is_right: Callable[[Message], bool]) -> Iterator[str]:
    for message in messages(catalog):
        if all(text for _source, text in forms(message)) and not is_right(message):
            yield f"{message.id!r} -> {message.string!r}"


@for_each_language
def test_a_catalogue_holds_every_text_of_the_sources(language: str, sources: Catalog) -> None:
    assert not sources.obsolete
    held, wanted = ({message.id for message in messages(c)} for c in (read(language), sources))
    assert wanted - held == set(), "run bin/translate, and fill what is empty"
    assert held - wanted == set(), "run bin/translate"


@for_each_language
def test_nothing_is_left_in_english_or_in_doubt(language: str) -> None:
    catalog = read(language)
    empty = [m.id for m in messages(catalog) if not all(text for _source, text in forms(m))]
    assert not empty
    assert not [m.id for m in messages(catalog) if m.fuzzy]
    assert not catalog.obsolete


@for_each_language
def test_a_translation_keeps_its_placeholders(language: str) -> None:
    catalog = read(language)
    assert not list(wrong(catalog, lambda message: same_placeholders(catalog, message)))


@for_each_language
def test_a_translation_has_all_its_plural_forms(language: str) -> None:
    catalog = read(language)
    assert catalog.num_plurals == {"fr": 2, "es": 2, "ar": 6}[language]
    assert len(numbers_of(catalog.plural_expr)) == catalog.num_plurals
    plurals = [message for message in messages(catalog) if message.pluralizable]
    assert len(plurals) > 50
    assert not [m.id for m in plurals if len(m.string) != catalog.num_plurals]


def test_the_six_arabic_forms_come_in_their_usual_order() -> None:
    form_of = c2py(read("ar").plural_expr)
    assert [form_of(number) for number in (0, 1, 2, 3, 10, 11, 99, 100, 102, 103)] == [
        *(0, 1, 2, 3, 3, 4, 4, 5, 5, 3)
    ]


@for_each_language
def test_a_translation_begins_and_ends_with_the_blanks_of_its_source(language: str) -> None:
    def is_right(message: Message) -> bool:
        return all(edges(source) == edges(text) for source, text in forms(message))

    assert not list(wrong(read(language), is_right))


@for_each_language
def test_a_translation_holds_no_html(language: str) -> None:
    def is_right(message: Message) -> bool:
        return not any(HTML.search(text) for _source, text in forms(message))

    assert not list(wrong(read(language), is_right))


@pytest.mark.parametrize(
    ("held", "is_right"),
    [
        ("%(num)s membres de %(network)s", True),
        ("Membres de %(network)s", False),
        ("%(nom)s membres de %(network)s", False),
        ("%(num)s %(num)s membres de %(network)s", False),
        ("100 % des %(num)s membres de %(network)s", False),
    ],
)
def test_a_lost_or_spoilt_placeholder_is_found(held: str, is_right: bool) -> None:
    catalog = Catalog(locale="fr")
    source = ("%(num)s member of %(network)s", "%(num)s members of %(network)s")
    message = Message(source, ("%(num)s membre de %(network)s", held))
    assert same_placeholders(catalog, message) is is_right


def test_a_form_for_one_number_alone_need_not_name_it() -> None:
    arabic, source = read("ar"), ("%(num)s member", "%(num)s members")
    short = ("لا أعضاء", "عضو", "عضوان", "%(num)s أعضاء", "%(num)s عضوًا", "%(num)s عضو")
    assert same_placeholders(arabic, Message(source, short))
    assert not same_placeholders(arabic, Message(source, (*short[:5], "عضو")))


def test_a_language_that_we_do_not_speak_is_english() -> None:
    assert into("sv")("Leave the network") == "Leave the network"
    assert into("")("Leave the network") == "Leave the network"


@pytest.mark.parametrize("code", ["fr", "fr-CA", "fr_CA", "FR"])
def test_a_region_falls_back_to_its_language(code: str) -> None:
    assert spoken(code) == "fr"
    assert into(code)("Leave the network") == read("fr")["Leave the network"].string


@pytest.mark.parametrize("code", ["", "en", "de", "frp", "x", "e-n"])
def test_only_our_languages_are_spoken(code: str) -> None:
    assert spoken(code) == ("en" if code == "en" else None)


def test_a_catalogue_is_read_when_it_is_wanted_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    translating.catalogue.cache_clear()
    languages: list[str] = []

    def noted(file: object, locale: str) -> Catalog:
        languages.append(locale)
        return read_po(file, locale=locale)

    monkeypatch.setattr(translating, "read_po", noted)
    for language in ("en", "es-MX", "es", "de"):
        into(language)("Saved.")
    assert languages == ["es"]


@for_each_language
def test_a_language_is_one_that_dates_and_numbers_know(language: str) -> None:
    assert Locale.parse(language).text_direction == ("rtl" if language == "ar" else "ltr")


def test_plurals_are_chosen_by_the_rules_of_the_language() -> None:
    one, many = "%(num)s member.", "%(num)s members."
    ngettext = translating.catalogue("ar").ngettext
    assert len({ngettext(one, many, number) for number in (0, 1, 2, 3, 11, 100)}) > 3
    assert translating.catalogue("fr").ngettext(one, many, 0) == read("fr")[one].string[0]
