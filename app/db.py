"""The database: one engine, sessions that read and sessions that write, on SQLite and PostgreSQL.

Use cases take a session first and never commit; `Database.writing()` is the edge that does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from app.direct import SQLITE_BUSY_MS, Direct

CONNECT_SECONDS = 10  # a server that does not answer is away
POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 30}


class UTCDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out; a naive one is a bug and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers rows by itself only for a column declared exactly INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB, "postgresql")


# An id that stands in links is never given to another row, also when an older copy was restored.
# PostgreSQL's sequences see to it anyway.
NEVER_AGAIN = {"sqlite_autoincrement": True}


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UTCDateTime(),
        list[str]: Json,
        list[Any]: Json,
        dict[str, Any]: Json,
    }


def make_engine(url: str) -> Engine:
    """An engine for either database, set up so that both behave alike."""
    if make_url(url).get_backend_name() != "sqlite":
        patience = {"connect_timeout": CONNECT_SECONDS}
        return create_engine(
            url, connect_args=patience, pool_pre_ping=True, hide_parameters=True, **POOL
        )
    local = {"check_same_thread": False}
    engine = create_engine(url, connect_args=local, hide_parameters=True, **POOL)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions behind our back
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    # A transaction that reads first and writes later fails at once when another wrote in between;
    # taking the write lock at the start makes it wait instead.
    reads = connection.get_execution_options().get("readonly")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


class Database:
    """`reading()` never blocks a writer; `writing()` commits at its end or rolls back."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self.session = sessionmaker(self.engine, expire_on_commit=False)
        self._reader = sessionmaker(
            self.engine.execution_options(readonly=True), expire_on_commit=False
        )
        self.direct = Direct(self.engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._reader() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self.session.begin() as session:
            yield session

    def open(self, *, readonly: bool) -> Session:
        return self._reader() if readonly else self.session()

    def close(self) -> None:
        self.direct.close()
        self.engine.dispose()


def insert_ignoring(
    session: Session, table: Table | type[Base]
) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that leaves an existing row as it is (ON CONFLICT DO NOTHING)."""
    dialect = session.get_bind().dialect.name
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement: postgresql.Insert | sqlite.Insert = make(table).on_conflict_do_nothing()
    return statement


def changed(session: Session, statement: object) -> int:
    """How many rows an UPDATE, INSERT or DELETE touched."""
    result: CursorResult[object] = session.execute(  # type: ignore[call-overload]
        statement, execution_options={"synchronize_session": False, "preserve_rowcount": True}
    )
    return result.rowcount
