"""`docket db restore`: a backup brought back into an empty place, with every send at rest.

A backup is older than what happened since. Left alone, a worker would mail once more what was
mailed after the backup was made: so whatever was under way is paused until a person has looked.
"""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url

from app import migrating
from app.databases import numbering, tools
from app.databases.backing_up import check_sqlite, copy_pages, sync
from app.databases.copying import Progress
from app.db import Database
from app.delivery.control import pause_all
from app.errors import Refused
from app.tables import metadata

WHY = "restored from a backup"
GAP = 1_000_000  # numbers that rows made after the backup may have had, in links that are out there
HEADERS = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}
BESIDE = ("-wal", "-shm", "-journal")


def restore(path: Path, database_url: str, now: datetime, progress: Progress) -> int:
    """Bring the backup back, to this version's schema. How many issues were paused.

    Refused with words unless the file is whole and the place for it is empty.
    """
    kind = make_url(database_url).get_backend_name()
    _refuse_other_kind(path, kind)
    if kind == "sqlite":
        return _restore_file(path, Path(str(make_url(database_url).database)), now, progress)
    tools.check_dump(path)
    _refuse_tables(database_url)
    tools.load(path, database_url)
    return _set_at_rest(database_url, now)


def _refuse_other_kind(path: Path, kind: str) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from None
    found = next((name for header, name in HEADERS.items() if head.startswith(header)), None)
    if found is None:
        raise Refused(f"{path} is not a backup: neither SQLite nor pg_dump's custom format.")
    if found != kind:
        raise Refused(
            f"{path} is of {found}, and DATABASE_URL names {kind}. Restore it into {found} first, "
            "then use `docket db copy`."
        )


def _restore_file(path: Path, place: Path, now: datetime, progress: Progress) -> int:
    """All is done to a file beside; only when it is ready does it get its name."""
    _refuse_taken(place)
    check_sqlite(path)
    partial = place.with_name(f".{place.name}.{os.getpid()}.restoring")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(path, partial, progress)
        paused = _set_at_rest(f"sqlite:///{partial}", now)
        _fold_in(partial)
        sync(partial)
        partial.replace(place)
        sync(place.parent)
    except (OSError, sqlite3.Error) as error:
        raise Refused(f"{place} could not be written: {error}. Nothing was kept.") from None
    finally:
        for name in ("", *BESIDE):
            partial.with_name(partial.name + name).unlink(missing_ok=True)
    return paused


def _refuse_taken(place: Path) -> None:
    for name in ("", *BESIDE):
        file = place.with_name(place.name + name)
        if file.exists() and file.stat().st_size:
            raise Refused(
                f"{file} exists. Stop everything and move it away (with its -wal and -shm, if they "
                "are there): a backup is never restored over a database."
            )


def _refuse_tables(database_url: str) -> None:
    engine = create_engine(database_url)
    try:
        if inspect(engine).get_table_names():
            raise Refused("The database is not empty. Make a new one with createdb.")
    finally:
        engine.dispose()


def _copy(path: Path, partial: Path, progress: Progress) -> None:
    source_uri = f"{path.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(source_uri, uri=True, isolation_level=None)) as source,
        closing(sqlite3.connect(partial, isolation_level=None)) as target,
    ):
        pages = source.execute("PRAGMA page_count").fetchone()[0]
        with progress("copying pages", pages) as advance:
            copy_pages(source, target, advance)


def _set_at_rest(database_url: str, now: datetime) -> int:
    """This version's schema, no number used twice, and nothing sent before somebody has looked."""
    _refuse_newer(database_url)
    migrating.upgrade(database_url)
    database = Database(database_url)
    try:
        with database.writing() as session:
            for table in metadata.sorted_tables:
                last = numbering.last_given(session.connection(), table)
                if last:
                    numbering.go_on_after(session.connection(), table, last + GAP)
            return pause_all(session, WHY, now)
    finally:
        database.close()


def _refuse_newer(database_url: str) -> None:
    if not migrating.is_known(database_url):
        raise Refused("The backup is of a newer version, or of something else. Use that version.")


def _fold_in(path: Path) -> None:
    """Put what stands in the write-ahead log into the file itself."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
