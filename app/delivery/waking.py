"""Waking workers when there is something to do: by LISTEN and NOTIFY on PostgreSQL.

On SQLite, and while the database is away, workers look by themselves once a second.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.db import Database

log = logging.getLogger("docket.worker")

CHANNEL = "docket_deliveries"
LOOK_SECONDS = 1.0  # between two looks whether to end
PAUSE_SECONDS = 5.0  # after the connection was lost


def wake_workers(session: Session) -> None:
    """Once this transaction is committed."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


@contextmanager
def listening(database: Database, wake: Callable[[], None]) -> Iterator[None]:
    """Call `wake`, from a thread of its own, whenever somebody notifies."""
    if database.engine.dialect.name != "postgresql":
        yield
        return
    ending = threading.Event()
    thread = threading.Thread(
        target=_listen, args=(_address(database), wake, ending), name="listen", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _address(database: Database) -> str:
    url = make_url(database.engine.url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def _listen(address: str, wake: Callable[[], None], ending: threading.Event) -> None:
    while not ending.is_set():
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                _hear(connection, wake, ending)
        except psycopg.OperationalError:
            ending.wait(PAUSE_SECONDS)  # the worker itself says that the database is away


def _hear(
    connection: "psycopg.Connection[object]", wake: Callable[[], None], ending: threading.Event
) -> None:
    while not ending.is_set():
        for _notice in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
            wake()
