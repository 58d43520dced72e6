"""Applying an import: what the plan says, all of it or nothing, in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert, select
from sqlalchemy.orm import Session, selectinload

from app.db import insert_ignoring
from app.errors import Refused
from app.importing.models import ImportRow, ImportRun, ImportState, Verdict
from app.importing.staging import Progress
from app.networks import joining
from app.networks.joining import Address
from app.networks.models import Invitation, Member, Membership, MemberTrait, Network
from app.networks.profiles import LISTS, apply_profile

BATCH = 500
PER_ROW = (ImportRow, Member, MemberTrait, Membership, Invitation)


def apply(
    session: Session, run: ImportRun, at: datetime, progress: Progress = lambda _rows: None
) -> dict[str, int]:
    """Do what the plan says, all of it or nothing. The counts of what was done."""
    session.refresh(run, with_for_update=True)
    if run.state == ImportState.APPLIED:
        return dict(run.counts)
    if run.state not in (ImportState.PLANNED, ImportState.TO_APPLY):
        raise Refused(_("This import was not read to its end, so it cannot be applied."))
    done = 0
    for rows in _batches(session, run.id):
        for verdict in (Verdict.NEW, Verdict.CHANGED):
            _carry_out(session, run, [row for row in rows if row.verdict == verdict], at)
        done += len(rows)
        progress(done)
    run.state, run.applied_at, run.content = ImportState.APPLIED, at, None
    return dict(run.counts)


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
    if not is_new:
        _update_members(session, network, rows, at)
        return
    held = _ids_of(session, rows)
    ids = held | _insert_members(session, [r for r in rows if r.email_key not in held], at)
    _enrol(session, run, network, rows, ids, at)


def _update_members(
    session: Session, network: Network, rows: Sequence[ImportRow], at: datetime
) -> None:
    """Change the rows' people, each a current member here."""
    memberships = session.scalars(
        select(Membership)
        .join(Member)
        .where(
            Membership.network_id == network.id,
            Membership.ended_at.is_(None),
            Member.email_key.in_([row.email_key for row in rows]),
        )
        .options(selectinload(Membership.member).selectinload(Member.traits))
    )
    held = {membership.member.email_key: membership for membership in memberships}
    for row in rows:
        if membership := held.get(row.email_key or ""):
            apply_profile(membership.member, row.candidate, at)
            membership.notes = row.candidate.get("notes") or membership.notes


def _ids_of(session: Session, rows: Sequence[ImportRow]) -> dict[str | None, int]:
    """email_key -> member id, of those who are there."""
    keys = [row.email_key for row in rows]
    found = session.execute(select(Member.email_key, Member.id).where(Member.email_key.in_(keys)))
    return {row[0]: row[1] for row in found}


def _insert_members(
    session: Session, rows: Sequence[ImportRow], at: datetime
) -> dict[str | None, int]:
    """Add people by two statements for all of them; email_key -> member id."""
    if not rows:
        return {}
    session.execute(insert_ignoring(session, Member), [_columns_of(row, at) for row in rows])
    ids = _ids_of(session, rows)
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
            "notes": row.candidate.get("notes") or "",
        }
        for row in rows
        if ids[row.email_key] not in held
    ]
    if new:
        session.execute(insert(Membership), new)


def _address(row: ImportRow) -> Address:
    return Address(row.candidate["email"], row.email_key or "", bool(row.candidate.get("smtputf8")))
