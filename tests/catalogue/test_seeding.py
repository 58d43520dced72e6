"""The catalogue reaches the database once, and better words reach what nobody edited."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.catalogue import editing, seeding
from app.catalogue.models import CatalogueAsk
from app.catalogue.taking import for_sector
from app.clock import now
from app.config import Settings
from app.databases import upgrading
from app.db import Database
from app.example import load
from app.services import Services
from tests.catalogue.conftest import WORDS, entry

AT = now()
LATER = AT + timedelta(days=90)


def count(session: Session) -> int:
    return session.scalar(select(func.count(CatalogueAsk.id))) or 0


def test_a_new_database_gets_every_seed_once(session: Session) -> None:
    every = len(list(seeding.seeds()))
    assert seeding.seed(session, AT) == every
    assert seeding.seed(session, LATER) == 0
    assert count(session) == every
    legal = for_sector(session, "legal")
    assert [one.position for one in legal] == list(range(len(legal)))
    assert not any(one.is_edited for one in legal)


def test_better_words_reach_an_entry_that_nobody_edited(
    session: Session, seed_as: Callable[..., None]
) -> None:
    seed_as(why="Once.")
    seeding.seed(session, AT)
    seed_as(why="Better.")
    assert seeding.seed(session, LATER) == 1
    assert entry(session).why == "Better."
    assert (entry(session).created_at, entry(session).updated_at) == (AT, LATER)
    assert not entry(session).is_edited
    assert seeding.seed(session, LATER) == 0


def test_an_edited_entry_keeps_its_words_and_its_original(
    session: Session, seed_as: Callable[..., None]
) -> None:
    seed_as(why="Once.")
    seeding.seed(session, AT)
    editing.rewrite(entry(session), {"why": "Ours."}, AT)
    seed_as(why="Better.")
    assert seeding.seed(session, LATER) == 0
    assert entry(session).why == "Ours."
    editing.restore(entry(session), AT)
    assert entry(session).why == "Once."
    assert seeding.seed(session, LATER) == 1
    assert entry(session).why == "Better."


def test_a_hidden_entry_is_left_alone_until_it_is_shown_again(
    session: Session, seed_as: Callable[..., None]
) -> None:
    seed_as(why="Once.")
    seeding.seed(session, AT)
    editing.hide(entry(session), AT)
    seed_as(why="Better.")
    assert seeding.seed(session, LATER) == 0
    assert entry(session).why == "Once."
    editing.show(entry(session))
    assert seeding.seed(session, LATER) == 1


def test_an_entry_that_was_written_here_is_never_taken_for_a_seed(
    session: Session, seed_as: Callable[..., None]
) -> None:
    entry(session, why="Ours.")
    seed_as(why="Seeded.")
    assert seeding.seed(session, LATER) == 0
    assert entry(session).why == "Ours."
    assert entry(session).seeded_as is None


def test_a_seed_that_a_later_version_adds_is_added(
    session: Session, seed_as: Callable[..., None]
) -> None:
    seed_as("letter")
    seeding.seed(session, AT)
    seed_as("letter", "visit")
    assert seeding.seed(session, LATER) == 1
    assert [one.reference for one in for_sector(session, "legal")] == ["letter", "visit"]
    assert entry(session, "visit").seeded_as == WORDS


@pytest.fixture
def migrated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The databases that were brought to the schema: the tests' own has it already."""
    done: list[str] = []
    monkeypatch.setattr(upgrading.migrating, "upgrade", done.append)
    return done


def test_bringing_a_database_to_this_version_brings_the_catalogue(
    database: Database, settings: Settings, migrated: list[str]
) -> None:
    for _time in range(2):
        upgrading.upgrade(settings.database_url, AT)
    assert migrated == [settings.database_url] * 2
    with database.reading() as session:
        assert count(session) == len(list(seeding.seeds()))


def test_the_command_brings_the_catalogue(
    database: Database, runner: Callable[..., Any], migrated: list[str]
) -> None:
    assert runner("db", "upgrade").exit_code == 0
    assert migrated
    with database.reading() as session:
        assert for_sector(session, "legal")


def test_the_example_is_loaded_beside_the_catalogue(services: Services, seeded: Database) -> None:
    load(services)
    with seeded.reading() as session:
        assert count(session) == len(list(seeding.seeds()))
