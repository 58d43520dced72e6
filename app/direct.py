"""The driver's own connections, for the page that a mail brings hundreds to at the same moment.

SQLAlchemy adds 50 to 100 µs to each statement, several times what the statement itself takes on
SQLite. Here its statements are compiled once and run by the driver (PEP 249), on connections in
autocommit, so that a lone SELECT is one round trip without BEGIN and ROLLBACK.

There are few connections on purpose, and each is a turn as well: more threads in Python at once
take the interpreter from each other and are slower together than one after the other (ADR 12).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Engine, Insert, SelectBase
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.types import TypeEngine

from app.grouping import Group

Connection = Any  # sqlite3.Connection or psycopg.Connection
Process = Callable[[Any], Any]
T = TypeVar("T")
# SQLite works within this process. On PostgreSQL a turn is mostly waiting for the server, and those
# who commit at the same moment share one wait for its disk.
TURNS = {"sqlite": 1, "postgresql": 8}
PATIENCE = 5.0  # seconds to wait for a turn, which takes less than a thousandth of that
HURRY = 0.05
SQLITE_BUSY_MS = 30_000  # how long a writer waits for another process's transaction
# Both take values by name, so that a statement is called alike on either.
_DIALECTS = {
    "sqlite": SQLiteDialect_pysqlite(paramstyle="named"),
    "postgresql": PGDialect_psycopg(),  # type: ignore[no-untyped-call]
}


class Busy(Exception):
    """Every connection was taken for longer than anybody should wait."""


class Statement:
    """A statement as the driver of one database ("sqlite", "postgresql") takes it."""

    def __init__(self, clause: SelectBase | Insert, dialect: str) -> None:
        self._dialect = _DIALECTS[dialect]
        compiled = clause.compile(dialect=self._dialect)
        self.sql = str(compiled)
        binds = ((name, self._on_the_way_in(bind.type)) for name, bind in compiled.binds.items())
        self._binds = [(name, process) for name, process in binds if process]
        columns = clause.selected_columns if isinstance(clause, SelectBase) else ()
        results = ((n, self._on_the_way_out(column.type)) for n, column in enumerate(columns))
        self._results = [(n, process) for n, process in results if process]

    def execute(self, connection: Connection, **values: Any) -> Any:
        """The driver's cursor. `values` by the names of the statement's bound parameters."""
        for name, process in self._binds:
            values[name] = process(values[name])
        return connection.execute(self.sql, values)

    def first(self, connection: Connection, **values: Any) -> list[Any] | None:
        """The first row, its values of the types of their columns."""
        found = self.execute(connection, **values).fetchone()
        return None if found is None else self._processed(found)

    def all(self, connection: Connection, **values: Any) -> list[list[Any]]:
        """Every row, as `first` gives the first."""
        return [self._processed(row) for row in self.execute(connection, **values).fetchall()]

    def _processed(self, found: Iterable[Any]) -> list[Any]:
        row = list(found)
        for n, process in self._results:
            row[n] = process(row[n])
        return row

    def _on_the_way_in(self, kind: TypeEngine[Any]) -> Process | None:
        process = kind.dialect_impl(self._dialect).bind_processor(self._dialect)
        return process and lru_cache(100)(process)  # the same second comes many times

    def _on_the_way_out(self, kind: TypeEngine[Any]) -> Process | None:
        return kind.dialect_impl(self._dialect).result_processor(self._dialect, None)


class Turns:
    """A fixed number of connections, opened when first needed and again after one was lost."""

    def __init__(self, engine: Engine, count: int) -> None:
        self._engine = engine
        self._closes = 0
        self._idle: SimpleQueue[Connection | None] = SimpleQueue()
        for _number in range(count):
            self._idle.put(None)

    @contextmanager
    def one(self, patience: float = PATIENCE) -> Iterator[Connection]:
        """A connection for the length of a block. Busy after `patience` seconds.

        It is closed when the block raises: it may have been the connection that failed.
        """
        connection, kept, closes = self._taken(patience), None, self._closes
        try:
            connection = connection or _open(self._engine)
            yield connection
            kept = connection if closes == self._closes else None
        finally:
            if kept is None:
                _close(connection)
            self._idle.put(kept)

    def _taken(self, patience: float) -> Connection | None:
        try:
            return self._idle.get(timeout=patience)
        except Empty:
            raise Busy from None

    def close(self) -> None:
        """Close what is idle now, and the rest when it is done; all open again when needed."""
        self._closes += 1
        for _number in range(self._idle.qsize()):
            with suppress(Empty):
                _close(self._idle.get_nowait())
                self._idle.put(None)


class Direct:
    """`reading()` and `writing()` as Database has them, with a connection of the driver's."""

    def __init__(self, engine: Engine) -> None:
        self.dialect = engine.dialect.name
        driver: Any = engine.dialect.loaded_dbapi
        self.errors: type[Exception] = driver.Error
        self.unavailable: tuple[type[Exception], ...] = (Busy, driver.OperationalError)
        self._begin = "BEGIN IMMEDIATE" if self.dialect == "sqlite" else "BEGIN"
        # Apart, so that whoever waits for SQLite's one writer keeps no reader waiting.
        self._readers = Turns(engine, TURNS[self.dialect])
        self._writers = Turns(engine, TURNS[self.dialect])
        self._group = Group(self.writing)

    def reading(self) -> AbstractContextManager[Connection]:
        """In autocommit: each statement sees what is committed when it begins."""
        return self._readers.one()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: durable when the block is left, undone when it raises."""
        with self._writers.one() as connection:
            connection.execute(self._begin)
            yield connection
            connection.execute("COMMIT")

    def write(self, job: Callable[[Connection], T]) -> T:
        """What the job returns, once what it wrote is durable. On SQLite it shares a transaction
        with others that come at the same moment; PostgreSQL does as much by itself."""
        if self.dialect == "sqlite":
            return self._group.run(job)
        with self.writing() as connection:
            return job(connection)

    @contextmanager
    def writing_if_free(self) -> Iterator[Connection]:
        """A transaction of what may wait for another time: one of `unavailable` when others write
        for longer than HURRY."""
        with self._writers.one(HURRY) as connection:
            if self.dialect == "sqlite":
                connection.execute(f"PRAGMA busy_timeout={HURRY * 1000:.0f}")
            connection.execute(self._begin)
            yield connection
            connection.execute("COMMIT")
            if self.dialect == "sqlite":
                connection.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")

    def close(self) -> None:
        self._readers.close()
        self._writers.close()


def dialect_of(connection: Connection) -> str:
    """The name of the database behind a driver's connection."""
    return "sqlite" if type(connection).__module__ == "sqlite3" else "postgresql"


def _open(engine: Engine) -> Connection:
    """Set up as the engine's own, and none of its pool."""
    taken = engine.raw_connection()
    connection: Any = taken.driver_connection
    taken.detach()
    if engine.dialect.name == "postgresql":
        connection.rollback()  # the pool may have asked whether it lives
        connection.autocommit = True  # on SQLite app.db has set it so
    return connection


def _close(connection: Connection | None) -> None:
    with suppress(Exception):  # it may be closed already, or half
        if connection is not None:
            connection.close()
