"""Workers are woken when there is something to do."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import preparing, waking
from app.delivery.waking import CHANNEL, listening, wake_workers
from tests import personas

PATIENCE = 60.0  # seconds; far beyond what a slow machine needs


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(waking, "PAUSE_SECONDS", 0.05)


def listeners(database: Database) -> list[int]:
    """The server's processes that listen, and wait."""
    with database.reading() as session:
        rows = session.execute(
            text(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE 'LISTEN%' AND state = 'idle'"
            )
        )
        return list(rows.scalars())


def wait_for(found: Callable[[], object], pause: threading.Event) -> None:
    """Look now and then until something is so; `pause` is never set."""
    for _ in range(2000):
        if found():
            return
        pause.wait(PATIENCE / 2000)
    raise AssertionError("it never came to pass")


def test_a_notice_wakes_once_it_is_committed(postgresql: Database, brisk: None) -> None:
    woken = threading.Event()
    with listening(postgresql, woken.set):
        wait_for(lambda: listeners(postgresql), threading.Event())
        with postgresql.writing() as session:
            wake_workers(session)
            session.flush()
            assert not woken.is_set()
        assert woken.wait(PATIENCE)


def test_a_lost_connection_is_made_anew(postgresql: Database, brisk: None) -> None:
    woken = threading.Event()
    with listening(postgresql, woken.set):
        wait_for(lambda: listeners(postgresql), threading.Event())
        [lost] = listeners(postgresql)
        with postgresql.writing() as session:
            session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
        wait_for(lambda: set(listeners(postgresql)) - {lost}, threading.Event())
        with postgresql.writing() as session:
            wake_workers(session)
        assert woken.wait(PATIENCE)


def test_a_freeze_wakes(postgresql: Database, brisk: None) -> None:
    with postgresql.writing() as session:
        network = personas.network(session)
        personas.member(session, network)
        ask = personas.ask(session, personas.case(session))
        issue = personas.issue(session, network, [ask])
        assert preparing.schedule(session, issue, now(), None, now())
    woken = threading.Event()
    with listening(postgresql, woken.set):
        wait_for(lambda: listeners(postgresql), threading.Event())
        with postgresql.writing() as session:
            assert preparing.freeze(session, issue.id, now()) == 1
        assert woken.wait(PATIENCE)


def test_what_is_rolled_back_wakes_nobody(postgresql: Database) -> None:
    with postgresql.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        connection.commit()
        with postgresql.session() as lost:
            wake_workers(lost)
            lost.rollback()
        with postgresql.writing() as other:
            other.execute(text(f"NOTIFY {CHANNEL}, 'end'"))
        notices: Any = driver
        heard = [one.payload for one in notices.notifies(timeout=PATIENCE, stop_after=1)]
        connection.exec_driver_sql("UNLISTEN *")
        connection.commit()
    assert heard == ["end"]


def test_nothing_listens_where_nobody_can_notify(database: Database, brisk: None) -> None:
    before = threading.active_count()
    with listening(database, lambda: None):
        expected = 0 if database.engine.dialect.name == "sqlite" else 1
        assert threading.active_count() - before == expected
    assert threading.active_count() == before


def test_waking_is_silent_on_either_database(session: Session) -> None:
    wake_workers(session)
    session.commit()
