"""`docket db copy`: all rows of one database into an empty one of either kind, then compared.

The source is read in one snapshot, the target written in one transaction: a copy is whole and
verified, or nothing of it is there.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, func, inspect, literal, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import PoolProxiedConnection

from app import migrating
from app.databases import numbering
from app.databases.comparing import Compared, compare
from app.databases.travelling import batches
from app.databases.writing import writer
from app.db import make_engine
from app.delivery.models import WorkerLease
from app.errors import Refused
from app.tables import metadata

# progress("copying member", 1200) gives a function that is told of each further count of rows.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
AT_WORK = timedelta(minutes=5)  # a worker that was seen since may still be there


@dataclass(frozen=True)
class Copy:
    tables: tuple[Compared, ...]
    disturbed: bool  # others wrote to the source meanwhile, which is not in the copy


def copy(source_url: str, target_url: str, now: datetime, progress: Progress) -> Copy:
    """Refused with words when either side is not fit for it, or the copy is not the same."""
    if source_url == target_url:
        raise Refused("Source and target are the same database.")
    refuse_missing_file(source_url)
    with (
        _opened(source_url) as source,
        _opened(target_url) as target,
        _watched(source) as disturbed,
        _snapshot(source) as reading,
    ):
        _refuse_unfit_source(reading, source_url, now)
        refuse_used(target)
        migrating.upgrade(target_url)
        tables = _copied(reading, target, progress)
        return Copy(tables, disturbed())


def refuse_missing_file(url: str) -> None:
    """Opening an SQLite file that is not there would make one."""
    name = make_url(url).database
    is_file = make_url(url).get_backend_name() == "sqlite"
    if is_file and (not name or not Path(name).is_file()):
        raise Refused(f"There is no database at {name}.")


def refuse_used(engine: Engine) -> None:
    """Refused unless the database is new, or has this service's tables and no row in them."""
    with engine.connect() as connection:
        present = set(inspect(connection).get_table_names())
        if present and "alembic_version" not in present:
            raise Refused("The target holds tables of something else. Give an empty database.")
        for table in metadata.sorted_tables:
            # Not its columns: it may be of an older version.
            one = select(literal(1)).select_from(table).limit(1)
            if table.name in present and connection.execute(one).first():
                raise Refused(
                    f"The target is not empty: it has rows in {table.name}. Nothing was changed. "
                    "Give an empty database."
                )


def _refuse_unfit_source(connection: Connection, url: str, now: datetime) -> None:
    if not migrating.is_current(url):
        raise Refused(
            "The source is not at the schema of this version. Run `docket db upgrade` on it first."
        )
    _refuse_while_at_work(connection, now)


def _copied(reading: Connection, target: Engine, progress: Progress) -> tuple[Compared, ...]:
    counts = {table: _count(reading, table) for table in metadata.sorted_tables}
    with target.begin() as writing:
        for table, count in counts.items():
            with progress(f"copying {table.name}", count) as advance:
                _copy_table(reading, writing, table, advance)
        tables = []
        for table, count in counts.items():
            with progress(f"comparing {table.name}", count) as advance:
                tables.append(compare(reading, writing, table, advance))
        _refuse_differences(tables)
        writing.execute(text("ANALYZE"))  # the planner must not take new tables for empty ones
    return tuple(tables)


def _copy_table(
    reading: Connection, writing: Connection, table: Table, advance: Callable[[int], None]
) -> None:
    write = writer(writing, table)
    for rows in batches(reading, table):
        write(rows)
        advance(len(rows))
    last = numbering.last_given(reading, table)
    if last is not None:
        numbering.go_on_after(writing, table, last)


def _refuse_differences(tables: list[Compared]) -> None:
    found = [line for table in tables for line in table.differences]
    if found:
        lines = "\n  ".join(found)
        raise Refused(f"The copy is not the same, so nothing of it was kept:\n  {lines}")


def _refuse_while_at_work(connection: Connection, now: datetime) -> None:
    """A worker that goes on sending from the source would make the copy send the same again."""
    worker = connection.execute(
        select(WorkerLease.name, WorkerLease.seen_at)
        .where(WorkerLease.gone_at.is_(None), WorkerLease.seen_at > now - AT_WORK)
        .order_by(WorkerLease.seen_at.desc())
    ).first()
    if worker is not None:
        free = worker.seen_at + AT_WORK
        raise Refused(
            f"The worker {worker.name} is at work on the source: stop every worker first. If it "
            f"was killed, start one and stop it again, or wait until {free:%H:%M} UTC."
        )


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """All that is read stands as it was at the first statement, and nobody is kept from writing."""
    options = {"readonly": True}  # SQLite: app.db begins without the write lock
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}  # type: ignore[dict-item]
    with engine.connect().execution_options(**options) as connection:
        yield connection


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


@contextmanager
def _watched(engine: Engine) -> Iterator[Callable[[], bool]]:
    """A function that says whether others wrote meanwhile. PostgreSQL has no such counter: False.

    The counter is the connection's own, and a transaction would hold it still.
    """
    connection = engine.raw_connection()
    try:
        before = _version(engine, connection)
        yield lambda: _version(engine, connection) != before
    finally:
        connection.close()


def _version(engine: Engine, connection: PoolProxiedConnection) -> int:
    if engine.dialect.name != "sqlite":
        return 0
    cursor = connection.cursor()
    cursor.execute("PRAGMA data_version")
    return int(cursor.fetchall()[0][0])
