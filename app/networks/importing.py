"""Importing members: upload, say which column is what, see what it would do, apply it at once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session, selectinload

from app.clock import now
from app.db import Database, insert_ignoring
from app.errors import InvalidInput, Refused
from app.networks import columns, joining, reading, staging
from app.networks.joining import Address
from app.networks.models import (
    ImportRow,
    ImportRun,
    ImportState,
    Invitation,
    Member,
    Membership,
    MemberTrait,
    Network,
    Verdict,
)
from app.networks.profiles import LISTS, apply_profile
from app.networks.staging import Progress

KEPT = timedelta(days=30)  # an import's rows, for looking back
BATCH = 500
PER_ROW = (ImportRow, Member, MemberTrait, Membership, Invitation)


def start(
    session: Session,
    network: Network,
    staff_id: int | None,
    filename: str,
    content: bytes,
    consent_source: str | None,
) -> ImportRun:
    """Keep the file and guess its columns. InvalidInput when it is no table of members."""
    try:
        with staging.file_of(content, filename) as path:
            table = reading.open_table(path, columns.looks_like_header)
            sample = [row.cells for row in islice(table.rows(), 20)]
    except reading.ImportFileError as error:
        text = _("The file was not taken. Nothing was changed.")
        raise InvalidInput(text, [(filename, str(error))]) from error
    guess = columns.suggest(table.header, sample)
    run = ImportRun(
        network_id=network.id,
        staff_id=staff_id,
        filename=filename[:200],
        content=content,
        header=list(table.header),
        mapping={str(column): field for column, field in guess.items()},
        consent_source=consent_source,
        state=ImportState.MAPPING,
        size=len(content),
        rows_total=content.count(b"\n"),
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


def apply(
    session: Session, run: ImportRun, at: datetime, progress: Progress = lambda _rows: None
) -> dict[str, int]:
    """Do what the plan says, all of it or nothing. The counts of what was done."""
    session.refresh(run, with_for_update=True)
    if run.state == ImportState.APPLIED:
        return dict(run.counts)
    done = 0
    for rows in _batches(session, run.id):
        for verdict in (Verdict.NEW, Verdict.CHANGED):
            _carry_out(session, run, [row for row in rows if row.verdict == verdict], at)
        done += len(rows)
        progress(done)
    run.state, run.applied_at, run.content = ImportState.APPLIED, at, None
    return dict(run.counts)


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
    return [row for row in rows.yield_per(BATCH) if row.problems]


def forget(session: Session, run_id: int) -> None:
    """Drop a run that was only tried."""
    session.execute(delete(ImportRow).where(ImportRow.run_id == run_id))
    session.execute(delete(ImportRun).where(ImportRun.id == run_id))


def work_through(database: Database, folder: Path) -> None:
    """What a worker does for imports: read those to read, apply those to apply."""
    while (run_id := _claim_reading(database)) is not None:
        staging.read(database, run_id)
    with database.reading() as session:
        waiting = session.scalars(
            select(ImportRun.id).where(ImportRun.state == ImportState.TO_APPLY)
        ).all()
    for run_id in waiting:
        note = _progress_note(folder, run_id)
        with database.writing() as session:
            run = session.get_one(ImportRun, run_id)
            apply(session, run, now(), lambda rows: _write(note, rows))  # noqa: B023 - called in here
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
        free = or_(
            ImportRun.state == ImportState.TO_READ,
            (ImportRun.state == ImportState.READING) & (ImportRun.claimed_until < now()),
        )
        first = select(ImportRun.id).where(free).order_by(ImportRun.id).limit(1)
        return session.scalars(
            update(ImportRun)
            .where(ImportRun.id.in_(first.with_for_update(skip_locked=True).scalar_subquery()))
            .values(state=ImportState.READING, claimed_until=now() + staging.LEASE)
            .returning(ImportRun.id)
            .execution_options(synchronize_session=False)
        ).first()


def _batches(session: Session, run_id: int) -> Iterator[Sequence[ImportRow]]:
    last = 0
    while True:
        rows = session.scalars(
            select(ImportRow)
            .where(
                ImportRow.run_id == run_id,
                ImportRow.line > last,
                ImportRow.verdict.in_([Verdict.NEW, Verdict.CHANGED]),
            )
            .order_by(ImportRow.line)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        last = rows[-1].line
        yield rows
        session.flush()  # what a batch changed may leave memory with it
        for thing in list(session.identity_map.values()):
            if isinstance(thing, PER_ROW) and thing in session:  # a member takes its traits along
                session.expunge(thing)


def _carry_out(session: Session, run: ImportRun, rows: Sequence[ImportRow], at: datetime) -> None:
    if not rows:
        return
    network = session.get_one(Network, run.network_id)
    is_new = rows[0].verdict == Verdict.NEW
    if is_new and run.consent_source is None:
        for row in rows:
            joining.invite(session, network, _address(row), row.candidate, "import", at)
        return
    held = _update_members(session, rows, at)
    ids = held | _insert_members(session, [r for r in rows if r.email_key not in held], at)
    if is_new:
        _enrol(session, run, network, rows, ids, at)


def _update_members(
    session: Session, rows: Sequence[ImportRow], at: datetime
) -> dict[str | None, int]:
    """Change those of the rows' people who are there; email_key -> member id."""
    members = session.scalars(
        select(Member)
        .where(Member.email_key.in_([row.email_key for row in rows]))
        .options(selectinload(Member.traits))
    )
    held = {member.email_key: member for member in members}
    for row in rows:
        if member := held.get(row.email_key or ""):
            apply_profile(member, row.candidate, at)
    return {key: member.id for key, member in held.items()}


def _insert_members(
    session: Session, rows: Sequence[ImportRow], at: datetime
) -> dict[str | None, int]:
    """Add people by two statements for all of them; email_key -> member id."""
    if not rows:
        return {}
    session.execute(insert_ignoring(session, Member), [_columns_of(row, at) for row in rows])
    keys = [row.email_key for row in rows]
    found = session.execute(
        select(Member.email_key, Member.id).where(Member.email_key.in_(keys))
    ).all()
    ids: dict[str | None, int] = {row[0]: row[1] for row in found}
    traits = [
        {"member_id": ids[row.email_key], "kind": kind, "value": label.casefold(), "label": label}
        | {"position": position}
        for row in rows
        for name, kind in LISTS.items()
        for position, label in enumerate(row.candidate.get(name) or ())
    ]
    if traits:
        session.execute(insert_ignoring(session, MemberTrait), traits)
    return ids


def _columns_of(row: ImportRow, at: datetime) -> dict[str, Any]:
    said = row.candidate
    return {
        "email": said["email"],
        "email_key": row.email_key,
        "smtputf8": said.get("smtputf8", False),
        "name": said.get("name") or "",
        "profession": said.get("profession") or None,
        "country": said.get("country") or None,
        "timezone": said.get("timezone") or None,
        "notes": said.get("notes") or "",
        "created_at": at,
        "updated_at": at,
    }


def _enrol(
    session: Session,
    run: ImportRun,
    network: Network,
    rows: Sequence[ImportRow],
    ids: Mapping[str | None, int],
    at: datetime,
) -> None:
    held = set(
        session.scalars(
            select(Membership.member_id).where(
                Membership.network_id == network.id,
                Membership.ended_at.is_(None),
                Membership.member_id.in_(ids.values()),
            )
        )
    )
    wording = joining.consent_wording(network)
    new: list[dict[str, Any]] = [
        {
            "member_id": ids[row.email_key],
            "network_id": network.id,
            "sector": row.candidate.get("sector") or network.sector,
            "source": "import",
            "started_at": at,
            "consent_wording": wording,
            "consent_source": run.consent_source,
            "consent_at": at,
        }
        for row in rows
        if ids[row.email_key] not in held
    ]
    if new:
        session.execute(insert(Membership), new)


def _address(row: ImportRow) -> Address:
    return Address(row.candidate["email"], row.email_key or "", bool(row.candidate.get("smtputf8")))
