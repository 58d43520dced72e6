"""`docket db`: upgrade, copy, backup, restore."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from app.cli_support import Failure, emit, json_option, pass_services
from app.clock import now
from app.config import database_url
from app.databases.backing_up import back_up, dated, forget_oldest
from app.databases.copying import Copy, copy
from app.databases.restoring import restore
from app.databases.upgrading import upgrade
from app.migrating import revision
from app.services import Services

SECONDS_BETWEEN_LINES = 5.0


@click.group("db", help="The database: upgrade, copy, back up, restore.")
def db() -> None:
    pass


@db.command("upgrade", help="Bring the database to the schema of this version.")
@json_option
@pass_services
def db_upgrade(services: Services, as_json: bool) -> None:
    upgrade(services.settings.database_url, now())
    emit({"upgraded": True}, "The database is at the schema of this version.", as_json)


@db.command("revision", help="For engineers: write a migration from what the models say.")
@click.argument("message")
def db_revision(message: str) -> None:
    click.echo(revision(message))


@db.command("copy", help="Copy everything into an empty database, and compare it row for row.")
@click.option("--from", "source", help="The source; DATABASE_URL unless given.")
@click.option("--to", "target", required=True, help="An empty database: sqlite:// or postgresql://")
@json_option
@pass_services
def db_copy(services: Services, source: str | None, target: str, as_json: bool) -> None:
    begun = now()
    source_url = _address("--from", source) if source else services.settings.database_url
    done = copy(source_url, _address("--to", target), begun, progress)
    data = {"tables": [asdict(table) for table in done.tables], "disturbed": done.disturbed}
    emit(data, _told(done, f"{begun:%H:%M:%S} UTC"), as_json)


@db.command("backup", help="Write a backup to FILE, or into the folder FILE under a dated name.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--keep", type=click.IntRange(1), help="In a folder: delete all dated backups but the newest N."
)
@json_option
@pass_services
def db_backup(services: Services, file: Path, keep: int | None, as_json: bool) -> None:
    url = services.settings.database_url
    if keep and not file.is_dir():
        raise click.UsageError("--keep goes with a folder.")
    path = dated(file, url, now()) if file.is_dir() else file
    back_up(url, path, progress)
    gone = forget_oldest(file, path.suffix, keep) if keep else []
    size = path.stat().st_size
    told = f"{path}: whole and checked, {size / 1e6:.1f} MB."
    if gone:
        told += f" Older ones deleted: {len(gone)}."
    emit({"file": str(path), "bytes": size, "deleted": [str(p) for p in gone]}, told, as_json)


@db.command("restore", help="Restore a backup into the empty place that DATABASE_URL names.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@pass_services
def db_restore(services: Services, file: Path, as_json: bool) -> None:
    paused = restore(file, services.settings.database_url, now(), progress)
    told = (
        f"Restored. Issues that were not finished, and are paused now: {paused}. What was mailed "
        "after this backup was made is not in it, and would be mailed again: look at each of them "
        "before you resume it."
    )
    emit({"paused": paused}, told, as_json)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar where a person looks on, now and then a line where not; on stderr."""
    if not total:
        yield lambda _count: None
    elif sys.stderr.isatty():
        with click.progressbar(length=total, label=f"{label:<28}", file=sys.stderr) as bar:
            yield bar.update
    else:
        yield _lines(label, total)


def _lines(label: str, total: int) -> Callable[[int], None]:
    done, last = 0, time.monotonic()

    def advance(count: int) -> None:
        nonlocal done, last
        done += count
        if done < total and time.monotonic() - last < SECONDS_BETWEEN_LINES:
            return
        last = time.monotonic()
        click.echo(f"{label}: {done} of {total}", err=True)

    return advance


def _address(option: str, text: str) -> str:
    try:
        return database_url(text)
    except ValueError as error:
        raise Failure(f"{option}: {error}") from None


def _told(done: Copy, begun: str) -> str:
    lines = [f"{t.table:<20} {t.rows:>10}  {t.digest}" for t in done.tables]
    lines += ["", "Every value of every row was read back from the copy and is the same."]
    if done.disturbed:
        lines.append(f"Somebody wrote to the source after {begun}: THAT IS NOT IN THE COPY.")
        lines.append("Stop what writes to it, and copy again into another empty database.")
    lines.append("Set DATABASE_URL to the copy everywhere before you start anything again.")
    return "\n".join(lines)
