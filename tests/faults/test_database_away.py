"""The database is gone for a while: what is known stays in hand, and the worker goes on unaided."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.db import Database
from app.delivery.worker import Worker
from app.services import Services
from tests.bench.delivering import databases
from tests.faults.conftest import CONNECTIONS, Sending
from tests.processes import PATIENCE

pytestmark = pytest.mark.slow


def test_a_database_that_another_writer_holds_is_waited_for(
    services: Services,
    prepare: Callable[[Services], Sending],
    database_kind: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if database_kind != "sqlite":
        pytest.skip("only SQLite has one writer at a time")
    monkeypatch.setattr("app.db.SQLITE_BUSY_MS", 10)
    mailing = replace(services, database=Database(services.settings.database_url))
    sending = prepare(mailing)
    with _midway(sending) as worker:
        with services.database.engine.connect() as other:  # which takes the lock as it begins
            other.exec_driver_sql("SELECT 1")
            sending.gate.open()
            _until(worker, lambda: "the database does not answer" in caplog.text)
            other.rollback()
        with caplog.at_level(logging.INFO):
            _until(worker, lambda: "the database answers again" in caplog.text)
        worker.work_through()
    sending.assert_each_got_it_once()
    assert sending.uncertain() == 0
    mailing.database.close()


def test_a_database_server_that_was_stopped_and_started_is_waited_for(
    services: Services,
    prepare: Callable[[Services], Sending],
    database_kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite has no server")
    with databases.stoppable() as (url, server):
        own = Database(url)
        settings = replace(services.settings, database_url=url)
        try:
            sending = prepare(replace(services, settings=settings, database=own))
            with _midway(sending) as worker:
                server.stop()
                sending.gate.open()
                _until(worker, lambda: "the database does not answer" in caplog.text)
                server.start()
                with caplog.at_level(logging.INFO):
                    _until(worker, lambda: "the database answers again" in caplog.text)
                worker.work_through()
            sending.assert_each_got_it_once()
            assert sending.uncertain() == 0
        finally:
            own.close()


@contextmanager
def _midway(sending: Sending) -> Iterator[Worker]:
    """A worker in this process whose every connection waits for an answer."""
    worker = Worker(sending.services)
    try:
        _until(worker, lambda: sending.gate.held >= CONNECTIONS)
        yield worker
    finally:
        sending.gate.open()
        worker.close()


def _until(worker: Worker, there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < deadline, "it never came to that"
        worker._turn(0.01)
