"""Importing members: upload, say which column is what, see what it would do, apply it at once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
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
    Member,
    Membership,
    Network,
    Verdict,
)
from app.networks.profiles import apply_profile
from app.networks.staging import Progress

KEPT = timedelta(days=30)  # an import's rows, for looking back
BATCH = 500


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
            table = reading.open_table(path)
            sample = [row.cells for row, _n in zip(table.rows(), range(20), strict=False)]
    except reading.ImportFileError as error:
        raise InvalidInput(_("The file was not taken. Nothing was changed."), [(filename, str(error))]) from error
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


def work_through(database: Database) -> None:
    """What a worker does for imports: read those to read, apply those to apply."""
    while (run_id := _claim_reading(database)) is not None:
        staging.read(database, run_id)
    with database.reading() as session:
        waiting = session.scalars(
            select(ImportRun.id).where(ImportRun.state == ImportState.TO_APPLY)
        ).all()
    for run_id in waiting:
        with database.writing() as session:
            apply(session, session.get_one(ImportRun, run_id), now())


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
        session.expunge_all()


def _carry_out(session: Session, run: ImportRun, rows: Sequence[ImportRow], at: datetime) -> None:
    if not rows:
        return
    run_network = session.get_one(Network, run.network_id)
    if run.consent_source is None and rows[0].verdict == Verdict.NEW:
        for row in rows:
            joining.invite(session, run_network, _address(row), row.candidate, "import", at)
        return
    members = _members(session, rows, at)
    for row in rows:
        member = members[row.email_key or ""]
        apply_profile(member, row.candidate, at)
    session.flush()  # memberships need the members' ids
    if rows[0].verdict == Verdict.NEW:
        _enrol(session, run, run_network, rows, members, at)


def _members(session: Session, rows: Sequence[ImportRow], at: datetime) -> dict[str, Member]:
    """The rows' people; who is not there yet is made, all by one statement."""
    keys = [row.email_key for row in rows]
    session.execute(
        insert_ignoring(session, Member),
        [
            {
                "email": row.candidate["email"],
                "email_key": row.email_key,
                "smtputf8": row.candidate.get("smtputf8", False),
                "name": "",
                "notes": "",
                "created_at": at,
                "updated_at": at,
            }
            for row in rows
        ],
    )
    found = session.scalars(
        select(Member).where(Member.email_key.in_(keys)).options(selectinload(Member.traits))
    )
    return {member.email_key: member for member in found}


def _enrol(
    session: Session,
    run: ImportRun,
    network: Network,
    rows: Sequence[ImportRow],
    members: Mapping[str, Member],
    at: datetime,
) -> None:
    held = set(
        session.scalars(
            select(Membership.member_id).where(
                Membership.network_id == network.id,
                Membership.ended_at.is_(None),
                Membership.member_id.in_([member.id for member in members.values()]),
            )
        )
    )
    wording = joining.consent_wording(network)
    new: list[dict[str, Any]] = [
        {
            "member_id": members[row.email_key or ""].id,
            "network_id": network.id,
            "sector": row.candidate.get("sector") or network.sector,
            "source": "import",
            "started_at": at,
            "consent_wording": wording,
            "consent_source": run.consent_source,
            "consent_at": at,
        }
        for row in rows
        if members[row.email_key or ""].id not in held
    ]
    if new:
        session.execute(insert(Membership), new)


def _address(row: ImportRow) -> Address:
    return Address(
        row.candidate["email"], row.email_key or "", bool(row.candidate.get("smtputf8"))
    )
