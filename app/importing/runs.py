"""Importing members: upload, say which column is what, see what it would do, apply it at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.errors import InvalidInput, Refused
from app.importing import applying, columns, reading, staging
from app.importing.models import ImportRow, ImportRun, ImportState, Verdict
from app.networks.models import Network

KEPT = timedelta(days=30)  # an import's rows, for looking back


@dataclass(frozen=True)
class Look:
    """A file as it was found: its header, and column -> field as far as can be guessed."""

    filename: str
    content: bytes
    header: tuple[str, ...]
    guess: Mapping[int, str]


def look(filename: str, content: bytes) -> Look:
    """Needs no database, since a file can be slow to open. InvalidInput when it is no table."""
    try:
        with staging.file_of(content) as path:
            table = reading.open_table(path, columns.looks_like_header)
            sample = [row.cells for row in islice(table.rows(), 20)]
    except reading.ImportFileError as error:
        text = _("The file was not taken. Nothing was changed.")
        raise InvalidInput(text, [(filename, str(error))]) from error
    return Look(filename, content, tuple(table.header), columns.suggest(table.header, sample))


def start(
    session: Session,
    network: Network,
    staff_id: int | None,
    found: Look,
    consent_source: str | None,
) -> ImportRun:
    """Keep the file, with its columns as guessed."""
    run = ImportRun(
        network_id=network.id,
        staff_id=staff_id,
        filename=found.filename[:200],
        content=found.content,
        header=list(found.header),
        mapping={str(column): field for column, field in found.guess.items()},
        consent_source=consent_source,
        state=ImportState.MAPPING,
        size=len(found.content),
        rows_total=found.content.count(b"\n"),
        counts={},
        created_at=now(),
    )
    session.add(run)
    session.flush()  # its address needs its id
    return run


def choose_columns(run: ImportRun, mapping: Mapping[int, str]) -> None:
    """Say which column is what, and ask for the file to be read."""
    if run.state not in (ImportState.MAPPING, ImportState.PLANNED, ImportState.FAILED):
        raise Refused(_("This import is being read or was applied, so its columns are fixed."))
    if problems := columns.problems(mapping):
        raise InvalidInput(_("The columns do not fit yet."), [("", text) for text in problems])
    run.mapping = {str(column): field for column, field in mapping.items()}
    run.state, run.rows_read, run.error = ImportState.TO_READ, 0, None


def approve(run: ImportRun) -> None:
    """Ask for what was shown to be done."""
    if run.state != ImportState.PLANNED:
        raise Refused(_("This import is not ready to be applied, or was applied already."))
    run.state = ImportState.TO_APPLY


def refused_rows(session: Session, run: ImportRun) -> Iterator[list[str]]:
    """The refused and double rows as they stood, each with its reason, under the file's header."""
    yield [*run.header, _("Line"), _("What to mend")]
    rows = session.scalars(
        select(ImportRow)
        .where(
            ImportRow.run_id == run.id,
            ImportRow.verdict.in_([Verdict.REFUSED, Verdict.DUPLICATE]),
        )
        .order_by(ImportRow.line)
    )
    for row in rows:
        reasons = "; ".join(f"{p['column']}: {p['reason']}".lstrip(": ") for p in row.problems)
        width = len(run.header)
        cells = (row.cells + [""] * width)[:width]
        yield [*cells, str(row.line), reasons]


def rows_with_problems(session: Session, run_id: int) -> list[ImportRow]:
    """Rows that were refused, came twice, or had a value left out, in the order of the file."""
    rows = session.scalars(
        select(ImportRow).where(ImportRow.run_id == run_id).order_by(ImportRow.line)
    )
    return [row for row in rows.yield_per(500) if row.problems]


def forget(session: Session, run_id: int) -> None:
    """Drop a run that was only tried."""
    session.execute(delete(ImportRow).where(ImportRow.run_id == run_id))
    session.execute(delete(ImportRun).where(ImportRun.id == run_id))


def is_waiting(session: Session, at: datetime) -> bool:
    """Whether there is anything to read or to apply: one cheap look."""
    waiting = _to_read(at) | (ImportRun.state == ImportState.TO_APPLY)
    return session.scalar(select(ImportRun.id).where(waiting).limit(1)) is not None


def work_through(database: Database, folder: Path) -> None:
    """What a worker does for imports: read those to read, apply those to apply."""
    while (run_id := _claim_reading(database)) is not None:
        staging.read(database, run_id)
    with database.reading() as session:
        waiting = session.scalars(
            select(ImportRun.id).where(ImportRun.state == ImportState.TO_APPLY)
        ).all()
    for run_id in waiting:
        _apply(database, run_id, _progress_note(folder, run_id))


def _apply(database: Database, run_id: int, note: Path) -> None:
    """One that cannot be applied fails, with nothing changed, rather than be tried for ever."""
    try:
        with database.writing() as session:
            run = session.get_one(ImportRun, run_id)
            applying.apply(session, run, now(), lambda rows: _write(note, rows))
    except (Refused, IntegrityError, DataError):
        with database.writing() as session:
            run = session.get_one(ImportRun, run_id)
            run.state = ImportState.FAILED
            run.error = _("What was planned does not fit any more. Have the list read again.")
    finally:
        note.unlink(missing_ok=True)


def rows_applied(folder: Path, run: ImportRun) -> int:
    """How far an import being applied has come: its transaction shows nothing until its end, so
    the worker notes it in a file beside the database. 0 where it runs on another machine."""
    try:
        return int(_progress_note(folder, run.id).read_text(encoding="ascii") or 0)
    except (OSError, ValueError):
        return 0


def _progress_note(folder: Path, run_id: int) -> Path:
    return folder / f"import-{run_id}.progress"


def _write(path: Path, rows: int) -> None:
    path.write_text(str(rows), encoding="ascii")


def forget_old(session: Session, at: datetime) -> None:
    """Rows and files of imports are personal data: they go after a month."""
    old = select(ImportRun.id).where(ImportRun.created_at < at - KEPT).scalar_subquery()
    session.execute(delete(ImportRow).where(ImportRow.run_id.in_(old)))
    session.execute(update(ImportRun).where(ImportRun.id.in_(old)).values(content=None))


def _claim_reading(database: Database) -> int | None:
    with database.writing() as session:
        first = select(ImportRun.id).where(_to_read(now())).order_by(ImportRun.id).limit(1)
        return session.scalars(
            update(ImportRun)
            .where(ImportRun.id.in_(first.with_for_update(skip_locked=True).scalar_subquery()))
            .values(state=ImportState.READING, claimed_until=now() + staging.LEASE)
            .returning(ImportRun.id)
            .execution_options(synchronize_session=False)
        ).first()


def _to_read(at: datetime) -> ColumnElement[bool]:
    return or_(
        ImportRun.state == ImportState.TO_READ,
        (ImportRun.state == ImportState.READING) & (ImportRun.claimed_until < at),
    )
