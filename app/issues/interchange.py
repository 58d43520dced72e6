"""Issues as JSON, in: drafts written elsewhere. The same reference again is the same draft."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import interchange
from app.cases.models import Case, Sensitivity
from app.clock import now
from app.issues import editing
from app.issues.models import Issue, IssueState
from app.networks.models import Network
from app.staff import audit
from app.staff.models import Staff


def import_issues(session: Session, document: Any, staff: Staff | None) -> list[tuple[Issue, str]]:
    """Each issue with new, changed or unchanged. InvalidInput when anything does not fit."""
    interchange.check(document, "issues")
    wanted: list[dict[str, Any]] = document["issues"]
    interchange.refuse(list(_problems(session, wanted)))
    return [_import(session, said, staff, now()) for said in wanted]


def _import(
    session: Session, said: Mapping[str, Any], staff: Staff | None, at: datetime
) -> tuple[Issue, str]:
    issue = _held(session, said["reference"])
    verdict = "unchanged"
    if issue is None:
        network = session.scalars(select(Network).where(Network.code == said["network"])).one()
        issue = editing.create(session, network, staff.id if staff else None, at)
        issue.reference = said["reference"]
        verdict = "new"
    before = _shape(issue)
    editing.rewrite(issue, {name: said[name] for name in editing.WORDS if name in said}, at)
    issue.language = said.get("language", issue.language)
    if _cases_of(issue) != _wanted_cases(session, said):
        _write_cases(session, issue, said, at)
    if verdict == "unchanged" and _shape(issue) != before:
        verdict = "changed"
    if verdict != "unchanged":
        audit.record(session, f"issue.{verdict}", issue, staff, by="import")
    return issue, verdict


def _write_cases(session: Session, issue: Issue, said: Mapping[str, Any], at: datetime) -> None:
    for place in list(issue.cases):
        editing.remove_case(issue, place.case_id, at)
    session.flush()  # a case that comes back must not meet its own old row
    for case, ask_ids in _wanted_cases(session, said):
        editing.add_case(session, issue, session.get_one(Case, case), at)
        editing.offer_asks(session, issue, session.get_one(Case, case), ask_ids, at)


def _shape(issue: Issue) -> tuple[object, ...]:
    words = tuple(getattr(issue, name) for name in editing.WORDS)
    return (*words, issue.language, _cases_of(issue))


def _cases_of(issue: Issue) -> list[tuple[int, list[int]]]:
    return [
        (place.case_id, [o.ask_id for o in issue.offers if o.ask.case_id == place.case_id])
        for place in issue.cases
    ]


def _wanted_cases(session: Session, said: Mapping[str, Any]) -> list[tuple[int, list[int]]]:
    wanted = []
    for part in said["cases"]:
        case = _case(session, part["case"])
        if case is not None:
            names = part.get("asks")
            asks = [ask for ask in case.asks if not ask.withdrawn_at]
            chosen = [ask.id for ask in asks if names is None or ask.reference in names]
            wanted.append((case.id, chosen))
    return wanted


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
        yield from _case_problems(session, place, said["cases"])


def _case_problems(
    session: Session, place: str, parts: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for row, part in enumerate(parts):
        where = f"{place}.cases[{row}]"
        case = _case(session, part["case"])
        if part["case"] in seen:
            yield where, f"the case {part['case']!r} stands there twice"
        seen.add(part["case"])
        if case is None:
            yield where, f"there is no case {part['case']!r}; import it first"
            continue
        if case.sensitivity == Sensitivity.CONFIDENTIAL:
            yield where, "this case is confidential and must not be mailed"
        known = {ask.reference for ask in case.asks if not ask.withdrawn_at}
        for name in part.get("asks", ()):
            if name not in known:
                yield f"{where}.asks", f"{name!r} is no ask of it; there are {sorted(known)}"


def _held(session: Session, reference: str) -> Issue | None:
    return session.scalars(select(Issue).where(Issue.reference == reference)).first()


def _case(session: Session, reference: str) -> Case | None:
    return session.scalars(select(Case).where(Case.reference == reference)).first()
