"""The catalogue that comes along: every entry is whole, polite and fit to be mailed."""

import re
from collections import Counter

import pytest

from app.cases.models import AskKind
from app.catalogue import filling, seeding
from app.catalogue.models import WORDS
from app.catalogue.seeding import Seed
from app.sectors import SECTORS
from newsletters import markdown, personalise

SEEDS = list(seeding.seeds())
WITH_FIVE = {
    *("legal", "medical", "media", "trade_union", "military_police"),
    *("religious", "business", "youth", "women", "academic"),
}
each = pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.sector}.{seed.reference}")


def test_every_sector_has_enough_to_choose_from() -> None:
    counted = Counter(seed.sector for seed in SEEDS)
    assert counted.keys() <= SECTORS.keys() - {"other"}
    assert all(5 <= counted[sector] <= 8 for sector in WITH_FIVE)


def test_no_reference_comes_twice_in_a_sector() -> None:
    names = [(seed.sector, seed.reference) for seed in SEEDS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", reference) for _sector, reference in names)


def test_every_sector_has_several_kinds_of_asks() -> None:
    kinds = {(seed.sector, seed.words["kind"]) for seed in SEEDS}
    assert min(Counter(sector for sector, _kind in kinds).values()) >= 4


@each
def test_a_seed_has_all_its_words(seed: Seed) -> None:
    assert seed.words.keys() == set(WORDS)
    assert seed.words["kind"] in list(AskKind)
    for name in ("headline", "why", "instructions", "button"):
        assert seed.words[name], name
    if seed.words["kind"] in (AskKind.LETTER, AskKind.EMAIL, AskKind.STATEMENT):
        assert seed.words["model_text"]


@each
def test_a_seed_fits_the_form_that_edits_it(seed: Seed) -> None:
    headline, button = seed.words["headline"], seed.words["button"]
    assert len(headline) <= 160
    assert "\n" not in headline + button
    assert headline.endswith(".")
    assert re.match(r"(I|We) have ", button)
    assert len(button) <= 60
    assert len(f"{seed.sector}.{seed.reference}.99") <= 64


@each
def test_a_seed_says_in_a_few_steps_how_to_do_it(seed: Seed) -> None:
    lines = seed.words["instructions"].splitlines()
    assert [line.partition(" ")[0] for line in lines] == [f"{n}." for n in range(1, len(lines) + 1)]
    assert 3 <= len(lines) <= 5


@each
def test_a_seed_can_be_mailed_for_any_case(seed: Seed) -> None:
    for name, text in seed.words.items():
        assert not filling.unknown(text), name
        assert not personalise.find(text), name
        assert not list(markdown.problems(text)), name
        assert "!" not in text, name
    assert "{people}" in seed.words["headline"]
