"""Cases and their parts, written by hand."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.cases.models import Addressee, Ask, AskAddressee, Case, CasePerson, Development
from app.errors import NotFound, Refused

Part = CasePerson | Addressee | Development | Ask
PARTS: Mapping[str, type[Part]] = {
    "people": CasePerson,
    "addressees": Addressee,
    "developments": Development,
    "asks": Ask,
}


def find(session: Session, text: str, status: str) -> list[Case]:
    """Newest change first."""
    statement = select(Case).order_by(Case.updated_at.desc(), Case.id.desc())
    if status:
        statement = statement.where(Case.status == status)
    if text:
        columns = (Case.title, Case.reference, Case.place)
        statement = statement.where(or_(*(c.icontains(text, autoescape=True) for c in columns)))
    return list(session.scalars(statement))


def by_reference(session: Session, reference: str) -> Case:
    case = session.scalars(select(Case).where(Case.reference == reference)).first()
    if case is None:
        raise NotFound(_("There is no case “%(reference)s”.", reference=reference))
    return case


def add(session: Session, reference: str, values: Mapping[str, Any], now: datetime) -> Case:
    """Refused when the reference is taken."""
    if session.scalar(select(exists().where(Case.reference == reference))):
        raise Refused(_("There is a case “%(reference)s” already.", reference=reference))
    case = Case(reference=reference, created_at=now, updated_at=now, **values)
    session.add(case)
    session.flush()  # its audit entry needs its id
    return case


def rewrite(case: Case, values: Mapping[str, Any], now: datetime) -> list[str]:
    """The names of the fields that changed."""
    changed = [name for name, value in values.items() if getattr(case, name) != value]
    for name in changed:
        setattr(case, name, values[name])
    if changed:
        case.updated_at = now
    return changed


def part_of(case: Case, kind: str, part_id: int) -> Part:
    for part in getattr(case, kind):
        if part.id == part_id:
            return part  # type: ignore[no-any-return]
    raise NotFound(_("This case has no such part."))


def write_part(
    session: Session, case: Case, kind: str, part: Part | None, values: Mapping[str, Any]
) -> Part:
    """Add a part, or change one."""
    values = dict(values)
    if kind == "asks":
        chosen = set(values.pop("addressees"))
        values["addressees"] = [a for a in case.addressees if a.id in chosen]
    if part is None:
        part = PARTS[kind]()
        siblings = getattr(case, kind)
        if kind in ("addressees", "asks"):
            values["reference"] = free_reference(values, [one.reference for one in siblings])
        if kind != "developments":
            values["position"] = 1 + max((one.position for one in siblings), default=-1)
        siblings.append(part)
    for name, value in values.items():
        setattr(part, name, value)
    session.flush()  # its audit entry needs its id
    return part


def remove_part(session: Session, case: Case, kind: str, part: Part) -> None:
    """Refused for an ask that members were asked: it is withdrawn instead."""
    if isinstance(part, Ask) and is_offered(session, part):
        raise Refused(_("This ask stands in an issue, so it stays on record. Withdraw it instead."))
    if isinstance(part, Addressee):
        links = select(AskAddressee.ask_id).where(AskAddressee.addressee_id == part.id)
        if session.scalars(links).first() is not None:
            raise Refused(_("An ask goes to this addressee. Take it out of the ask first."))
    getattr(case, kind).remove(part)


def withdraw(ask: Ask, now: datetime) -> None:
    """Nobody is to act on it any more; its links say so at once."""
    ask.withdrawn_at = ask.withdrawn_at or now


def is_offered(session: Session, ask: Ask) -> bool:
    from app.issues.models import Offer

    return bool(session.scalar(select(exists().where(Offer.ask_id == ask.id))))


def free_reference(values: Mapping[str, Any], taken: list[str]) -> str:
    """Its own, or a short one of the words of the title; numbered where it is taken."""
    words = str(values.get("title") or values.get("headline") or "")
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    short = "-".join(re.findall(r"[a-z0-9]+", plain)[:4])[:40]
    stem = values.get("reference") or short or "part"
    reference, number = stem, 2
    while reference in taken:
        reference, number = f"{stem}-{number}", number + 1
    return reference
