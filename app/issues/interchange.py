"""Issues as JSON, in and out: drafts written elsewhere. The same reference again is the same
draft."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import interchange
from app.cases.models import Case, Sensitivity
from app.clock import now
from app.issues import editing
from app.issues.document import apply, blocks_of, document_of
from app.issues.models import BlockKind, Issue, IssueState
from app.media.models import Picture
from app.networks.models import Network
from app.staff import audit
from app.staff.models import Staff

KIND = "issues/1"


def export_issues(issues: Sequence[Issue]) -> dict[str, Any]:
    return {"docket": KIND, "issues": [document_of(issue) for issue in issues]}


def import_issues(session: Session, document: Any, staff: Staff | None) -> list[tuple[Issue, str]]:
    """Each issue with new, changed or unchanged. InvalidInput when anything does not fit."""
    interchange.check(document, "issues")
    wanted: list[dict[str, Any]] = document["issues"]
    interchange.refuse(list(_problems(session, wanted)))
    return [_import(session, said, staff) for said in wanted]


def _import(session: Session, said: Mapping[str, Any], staff: Staff | None) -> tuple[Issue, str]:
    issue = _held(session, said["reference"])
    verdict = "unchanged"
    if issue is None:
        network = session.scalars(select(Network).where(Network.code == said["network"])).one()
        issue = editing.create(session, network, staff.id if staff else None, now())
        issue.reference = said["reference"]
        verdict = "new"
    before, changed_at = document_of(issue), issue.updated_at
    apply(session, issue, said, now())
    if document_of(issue) == before:
        issue.updated_at = changed_at
    elif verdict == "unchanged":
        verdict = "changed"
    if verdict != "unchanged":
        audit.record(session, f"issue.{verdict}", issue, staff, by="import")
    return issue, verdict


def _problems(session: Session, wanted: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for reference, count in Counter(said["reference"] for said in wanted).items():
        if count > 1:
            yield "issues", f"the reference {reference!r} stands there {count} times"
    codes = set(session.scalars(select(Network.code)))
    for number, said in enumerate(wanted):
        place = f"issues[{number}]"
        if said["network"] not in codes:
            known = ", ".join(sorted(codes)) or "none"
            yield f"{place}.network", f"there is no network {said['network']!r}; there are {known}"
        held = _held(session, said["reference"])
        if held is not None and held.network.code != said["network"]:
            yield f"{place}.network", f"this issue belongs to {held.network.code!r}"
        if held is not None and held.state is not IssueState.DRAFT:
            yield place, f"this issue is {held.state.value}, so its words are fixed"
        yield from _block_problems(session, place, said)


def _block_problems(
    session: Session, place: str, said: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    name = "blocks" if "blocks" in said else "cases"
    seen: set[str] = set()
    for row, part in enumerate(blocks_of(said)):
        where = f"{place}.{name}[{row}]"
        if part["kind"] == BlockKind.CASE:
            if part["case"] in seen:
                yield where, f"the case {part['case']!r} stands there twice"
            seen.add(part["case"])
            yield from _case_problems(session, where, part)
        if "picture" in part and not _has_picture(session, said["network"], part["picture"]):
            yield f"{where}.picture", "this network's library has no such picture"


def _case_problems(
    session: Session, where: str, part: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    case = session.scalars(select(Case).where(Case.reference == part["case"])).first()
    if case is None:
        yield where, f"there is no case {part['case']!r}; import it first"
        return
    if case.sensitivity == Sensitivity.CONFIDENTIAL:
        yield where, "this case is confidential and must not be mailed"
    known = {ask.reference for ask in case.asks if not ask.withdrawn_at}
    for name in part.get("asks", ()):
        if name not in known:
            yield f"{where}.asks", f"{name!r} is no ask of it; there are {sorted(known)}"


def _has_picture(session: Session, network: str, token: str) -> bool:
    named = select(Picture.id).join(Network, Network.id == Picture.network_id)
    return session.scalar(named.where(Network.code == network, Picture.token == token)) is not None


def _held(session: Session, reference: str) -> Issue | None:
    return session.scalars(select(Issue).where(Issue.reference == reference)).first()
