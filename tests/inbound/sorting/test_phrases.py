"""The tables of what people write agree with each other and with the rest of Docket."""

import pytest

from app.inbound.sorting import phrases
from app.responses.models import Answer

KEYS = {
    section: set(keys) for section, keys in phrases.languages()["en"].items()
}  # what a translator starts from


@pytest.mark.parametrize("language", sorted(set(phrases.languages()) - {"mul"}))
def test_a_language_has_every_table(language: str) -> None:
    tables = phrases.languages()[language]
    assert {section: set(keys) for section, keys in tables.items()} == KEYS
    may_be_empty = {"on"}
    for keys in tables.values():
        for key, written in keys.items():
            assert (written and all(map(phrases.fold, written))) or key in may_be_empty


def test_answers_are_those_that_are_recorded() -> None:
    assert KEYS["answers"] == {answer.value for answer in Answer} - {Answer.UNDONE.value}


def test_no_phrase_is_two_answers_in_any_languages() -> None:
    seen: dict[str, str] = {}
    for tables in phrases.languages().values():
        for answer, written in tables.get("answers", {}).items():
            for phrase in map(phrases.fold, written):
                assert seen.setdefault(phrase, answer) == answer, phrase


def test_no_answer_asks_to_leave_and_none_is_mere_thanks() -> None:
    answers = set(phrases.said("answers"))
    assert not answers & set(phrases.said("leaving"))
    assert not answers & set(phrases.said("small"))


def test_folding_forgets_case_accents_and_apostrophes() -> None:
    assert phrases.fold("  C’EST   Envoyé !") == phrases.fold("c'est envoye") == "cest envoye"
    assert phrases.fold("YAPTIM") == phrases.fold("yaptım")
    assert phrases.fold("Wysłałem") == "wyslalem"
    assert phrases.fold("ﺗﻢ") == phrases.fold("تم")
    assert phrases.fold("できました") != phrases.fold("てきました")
