"""Reading an import: every row of the file gets a verdict, and a row in the database that says it.

What the coordinator is shown is what is applied later. Chunks are committed as they are read, so
that a progress bar can tell, and a file of any length is never whole in memory.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session, selectinload

from app.clock import now
from app.db import Database
from app.importing import cleaning, columns, reading
from app.importing.models import ImportRow, ImportRun, ImportState, Verdict
from app.networks.models import Member, Membership, Suppression
from app.networks.profiles import changes

CHUNK = 500
LEASE = timedelta(minutes=5)
TAKEN = (Verdict.NEW, Verdict.CHANGED, Verdict.UNCHANGED)

Progress = Callable[[int], None]  # how many rows so far


@dataclass(frozen=True)
class _Known:
    """What the database knows of the people in one chunk."""

    members: Mapping[str, Member]
    current: Mapping[int, str]  # members with a membership in this network, and its notes
    departed: Mapping[int, datetime]
    suppressed: frozenset[str]


def read(database: Database, run_id: int, progress: Progress = lambda _rows: None) -> None:
    """Stage the whole file. A file that cannot be read fails the run, with the reason."""
    with database.writing() as session:
        run = session.get_one(ImportRun, run_id)
        session.execute(delete(ImportRow).where(ImportRow.run_id == run_id))
        mapping = {int(column): field for column, field in run.mapping.items()}
        content = run.content or b""
    try:
        with file_of(content) as path:
            table = reading.open_table(path, columns.looks_like_header)
            _stage(database, run_id, table, mapping, progress)
    except reading.ImportFileError as error:
        with database.writing() as session:
            run = session.get_one(ImportRun, run_id)
            run.state, run.error = ImportState.FAILED, str(error)
            run.claimed_until = None


@contextmanager
def file_of(content: bytes) -> Iterator[Path]:
    """The uploaded bytes as a file, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="docket-import-") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        yield path


def counts_of(session: Session, run: ImportRun) -> dict[str, int]:
    rows = session.execute(
        select(ImportRow.verdict, func.count())
        .where(ImportRow.run_id == run.id)
        .group_by(ImportRow.verdict)
    )
    return {verdict.value: 0 for verdict in Verdict} | {row[0]: row[1] for row in rows}


def _stage(
    database: Database,
    run_id: int,
    table: reading.Table,
    mapping: Mapping[int, str],
    progress: Progress,
) -> None:
    seen: dict[str, int] = {}
    done = left_out = 0
    for rows in _chunks(table.rows()):
        with database.writing() as session:
            run = session.get_one(ImportRun, run_id)
            staged = list(_verdicts(session, run, table.header, rows, mapping, seen))
            session.execute(insert(ImportRow), staged)
            done += len(rows)
            left_out += sum(bool(row["problems"]) for row in staged if row["verdict"] in TAKEN)
            run.rows_read = done
            run.claimed_until = now() + LEASE
        progress(done)
    with database.writing() as session:
        run = session.get_one(ImportRun, run_id)
        run.state, run.planned_at, run.claimed_until = ImportState.PLANNED, now(), None
        run.counts = counts_of(session, run) | {"left_out": left_out}


def _verdicts(
    session: Session,
    run: ImportRun,
    header: Sequence[str],
    rows: Sequence[reading.Row],
    mapping: Mapping[int, str],
    seen: dict[str, int],
) -> Iterator[dict[str, Any]]:
    cleaned = [(row, *cleaning.clean(row, header, mapping)) for row in rows]
    keys = [candidate.email_key for _row, candidate, _problems in cleaned if candidate]
    known = _known(session, run.network_id, keys)
    for row, candidate, problems in cleaned:
        staged = _blank(run.id, row) | {"problems": [_problem(problem) for problem in problems]}
        if candidate is None:
            yield staged | {"verdict": Verdict.REFUSED}
            continue
        staged |= {"email_key": candidate.email_key, "candidate": candidate.as_dict()}
        first = seen.setdefault(candidate.email_key, row.line)
        if first != row.line:
            yield staged | _refusal(
                Verdict.DUPLICATE, staged, _("The same person stands in line %(line)s.", line=first)
            )
        else:
            yield staged | _verdict(staged, candidate.as_dict(), candidate.email_key, known)


def _verdict(
    staged: Mapping[str, Any], candidate: Mapping[str, Any], key: str, known: _Known
) -> dict[str, Any]:
    member = known.members.get(key)
    if key in known.suppressed:
        why = _("This address is suppressed: it bounced, complained or left for good.")
        return _refusal(Verdict.REFUSED, staged, why)
    if member is None:
        return {"verdict": Verdict.NEW}
    if member.id not in known.current and member.id in known.departed:
        left = known.departed[member.id].date().isoformat()
        why = _("Left this network on %(day)s. They may join again themselves.", day=left)
        return _refusal(Verdict.REFUSED, staged, why)
    if member.id not in known.current:
        # Somebody of another network: what is known of them is not shown and not changed here.
        return {"verdict": Verdict.NEW}
    changed = changes(member, candidate)
    held = known.current[member.id]
    if candidate["notes"] and candidate["notes"] != held:
        changed["notes"] = [held, candidate["notes"]]
    return {"verdict": Verdict.CHANGED if changed else Verdict.UNCHANGED, "changes": changed}


def _known(session: Session, network_id: int, keys: Sequence[str]) -> _Known:
    members = session.scalars(
        select(Member).where(Member.email_key.in_(keys)).options(selectinload(Member.traits))
    ).all()
    ids = [member.id for member in members]
    memberships = session.execute(
        select(Membership.member_id, Membership.ended_at, Membership.notes)
        .where(Membership.network_id == network_id, Membership.member_id.in_(ids))
        .order_by(Membership.id)
    ).all()
    suppressed = session.scalars(
        select(Suppression.email_key).where(
            Suppression.email_key.in_(keys), Suppression.lifted_at.is_(None)
        )
    )
    return _Known(
        members={member.email_key: member for member in members},
        current={row[0]: row[2] for row in memberships if row[1] is None},
        departed={row[0]: row[1] for row in memberships if row[1] is not None},
        suppressed=frozenset(suppressed),
    )


def _blank(run_id: int, row: reading.Row) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "line": row.line,
        "verdict": "",
        "email_key": None,
        "candidate": {},
        "changes": {},
        "problems": [],
        "cells": list(row.cells),
    }


def _refusal(verdict: Verdict, staged: Mapping[str, Any], reason: str) -> dict[str, Any]:
    said = {"column": "", "value": "", "reason": reason, "fatal": True}
    return {"verdict": verdict, "problems": [*staged["problems"], said]}


def _problem(problem: cleaning.Problem) -> dict[str, Any]:
    return {
        "column": problem.column,
        "value": problem.value,
        "reason": problem.reason,
        "fatal": problem.fatal,
    }


def _chunks(rows: Iterable[reading.Row]) -> Iterator[list[reading.Row]]:
    walker = iter(rows)
    while chunk := list(islice(walker, CHUNK)):
        yield chunk
