"""Relays that take mail, on loopback, and what PostgreSQL alone has."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.db import Database
from app.delivery import journal, leasing
from app.delivery.journal import Journal
from app.delivery.recovering import Recovery, Watcher
from app.services import Services
from app.tables import metadata
from tests.databases import emptied_postgres_url
from tests.delivery.at_work import with_relays
from tests.delivery.cast import AT
from tests.mail.faulty import Faulty
from tests.mail.working import Clock


@pytest.fixture
def relay() -> Iterator[Faulty]:
    with Faulty() as server:
        yield server


@pytest.fixture
def sending(services: Services, relay: Faulty) -> Services:
    """Services whose one relay takes everything."""
    return with_relays(services, relay.relay)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Database]:
    """Of a module's own: for what the other database does not have."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    database = Database(emptied_postgres_url(f"docket_delivery_{worker}"))
    metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recovery(database: Database, tmp_path: Path, clock: Clock) -> Recovery:
    return Recovery(database, tmp_path / "journals", Watcher(clock))


@pytest.fixture
def journals(tmp_path: Path) -> Iterator[Callable[..., Journal]]:
    """journals("a") is a journal that its owner holds."""
    books: list[Journal] = []

    def begin(name: str = "a") -> Journal:
        books.append(Journal(tmp_path / "journals", name))
        return books[-1]

    yield begin
    for book in books:
        book.close()


@pytest.fixture
def book(journals: Callable[..., Journal], database: Database) -> Journal:
    """Of the worker "a", which has just begun."""
    with database.writing() as session:
        leasing.register(session, "a", journal.boot_id(), AT)
    return journals("a")
