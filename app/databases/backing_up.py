"""`docket db backup`: the whole database in one file, while everything goes on."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from app.databases import tools
from app.databases.copying import Progress, refuse_missing_file
from app.errors import Refused

PAGES = 2_000  # copied between two looks at the progress
PREFIX = "docket-"
SUFFIXES = {"sqlite": ".db", "postgresql": ".dump"}


def back_up(database_url: str, path: Path, progress: Progress) -> None:
    """Write a backup to `path`: whole, checked and on the disk, or not there at all.

    Refused when `path` exists, or when what is needed is not installed.
    """
    if path.exists():
        raise Refused(f"{path} exists. Give another name: a backup is never written over.")
    with _whole_or_not_there(path) as partial:
        if make_url(database_url).get_backend_name() == "sqlite":
            refuse_missing_file(database_url)
            _copy_sqlite(database_url, partial, progress)
        else:
            tools.dump(database_url, partial)


def dated(folder: Path, database_url: str, now: datetime) -> Path:
    """A name in `folder` that sorts by time."""
    suffix = SUFFIXES[make_url(database_url).get_backend_name()]
    return folder / f"{PREFIX}{now:%Y%m%dT%H%M%SZ}{suffix}"


def forget_oldest(folder: Path, suffix: str, keep: int) -> list[Path]:
    """Delete dated backups but the newest `keep`; which ones went."""
    dates = "[0-9]" * 8 + "T" + "[0-9]" * 6 + "Z"
    found = sorted(folder.glob(f"{PREFIX}{dates}{suffix}"))
    old = found[: max(0, len(found) - keep)]
    for path in old:
        path.unlink()
    return old


def check_sqlite(path: Path) -> None:
    """Refused unless the file is an SQLite database in which every page is as it should be."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            found = str(error)
    if found != "ok":
        raise Refused(f"{path} is damaged: {found}.")


def copy_pages(
    source: sqlite3.Connection, target: sqlite3.Connection, advance: Callable[[int], None]
) -> None:
    """SQLite's online backup out of one snapshot.

    Without it the backup begins anew whenever somebody else writes, which while an issue goes out
    is always. In WAL mode nobody waits for a reader.
    """
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the snapshot begins here
    before = [0]

    def step(_status: int, remaining: int, total: int) -> None:
        advance(total - remaining - before[0])
        before[0] = total - remaining

    source.backup(target, pages=PAGES, progress=step)
    source.rollback()
    # One file that anybody can read, without others beside it.
    target.execute("PRAGMA journal_mode=DELETE")


def sync(path: Path) -> None:
    """Put a file's content or a folder's entries on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_sqlite(database_url: str, partial: Path, progress: Progress) -> None:
    name = str(make_url(database_url).database)
    with (
        closing(sqlite3.connect(name, isolation_level=None)) as source,
        closing(sqlite3.connect(partial, isolation_level=None)) as target,
    ):
        pages = source.execute("PRAGMA page_count").fetchone()[0]
        with progress("copying pages", pages) as advance:
            copy_pages(source, target, advance)
    check_sqlite(partial)


@contextmanager
def _whole_or_not_there(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it becomes `path` at the end, and goes when that fails."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        # What is in it is everybody's: nobody else on this machine may read it.
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from None
    try:
        yield partial
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise Refused(f"{path} could not be written: {error}. Nothing was kept.") from None
    finally:
        partial.unlink(missing_ok=True)
