"""Cases as JSON, out and in. The same reference again is the same case, updated."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app import interchange
from app.cases.models import Addressee, Ask, Case, CasePerson, Development
from app.clock import now
from app.staff import audit
from app.staff.models import Staff

KIND = "cases/1"
PLAIN = (
    *("title", "country", "place", "summary", "background", "wishes"),
    *("concerns", "keywords", "sectors", "sensitivity", "status"),
)
LISTS = frozenset({"concerns", "keywords", "sectors"})
OF_ADDRESSEE = ("title", "name", "salutations", "post", "fax", "email", "copies")
OF_ASK = (
    *("kind", "headline", "why", "instructions", "model_text", "button"),
    *("sectors", "specialties", "countries", "languages"),
)


@dataclass(frozen=True)
class Imported:
    """`changed` names the fields that say something else than before; of a new case, none."""

    reference: str
    is_new: bool
    changed: tuple[str, ...]

    @property
    def verdict(self) -> str:
        return "new" if self.is_new else "changed" if self.changed else "unchanged"


def export_cases(cases: Iterable[Case]) -> dict[str, Any]:
    return {"docket": KIND, "cases": [export_case(case) for case in cases]}


def export_case(case: Case) -> dict[str, Any]:
    return {
        "reference": case.reference,
        **{name: getattr(case, name) for name in PLAIN},
        "people": [
            {"name": p.name, "occupation": p.occupation, "description": p.description}
            for p in case.people
        ],
        "addressees": [
            {"reference": a.reference} | {name: getattr(a, name) for name in OF_ADDRESSEE}
            for a in case.addressees
        ],
        "developments": [{"on": d.on.isoformat(), "text": d.text} for d in case.developments],
        "asks": [_exported_ask(ask) for ask in case.asks],
    }


def import_cases(session: Session, document: Any, staff: Staff | None) -> list[Imported]:
    """InvalidInput when anything in the document does not fit: then nothing is changed.

    A field or a list that is absent stays as it is; addressees and asks that a list does not name
    stay too, since members may have been asked.
    """
    interchange.check(document, "cases")
    wanted: list[dict[str, Any]] = document["cases"]
    interchange.refuse(list(_doubles("cases", (case["reference"] for case in wanted))))
    held = _held(session, [case["reference"] for case in wanted])
    interchange.refuse(list(_unknown_addressees(wanted, held)))
    return [_import(session, said, held.get(said["reference"]), staff) for said in wanted]


def _import(
    session: Session, said: Mapping[str, Any], case: Case | None, staff: Staff | None
) -> Imported:
    at = now()
    is_new = case is None
    if case is None:
        case = _blank(said, at)
        session.add(case)
    before = export_case(case)
    _write(case, said, at)
    session.flush()  # the order of developments and the ids of asks come from the database
    after = export_case(case)
    changed = () if is_new else tuple(name for name in after if after[name] != before[name])
    if is_new or changed:
        case.updated_at = at
        action = "case.added" if is_new else "case.changed"
        audit.record(session, action, case, staff, fields=list(changed), by="import")
    return Imported(case.reference, is_new, changed)


def _blank(said: Mapping[str, Any], at: datetime) -> Case:
    case = Case(reference=said["reference"], title="", summary="", created_at=at, updated_at=at)
    case.country, case.place, case.background, case.wishes = None, "", "", ""
    case.concerns, case.keywords, case.sectors = [], [], []
    case.sensitivity, case.status = "public", "open"
    return case


def _write(case: Case, said: Mapping[str, Any], at: datetime) -> None:
    for name in PLAIN:
        if name in said and getattr(case, name) != said[name]:
            setattr(case, name, said[name])
    if "people" in said and export_case(case)["people"] != _whole_people(said["people"]):
        case.people = [
            CasePerson(position=n, **person)
            for n, person in enumerate(_whole_people(said["people"]))
        ]
    if "developments" in said:
        _write_developments(case, said["developments"])
    for position, addressee in enumerate(said.get("addressees", ())):
        _write_addressee(case, addressee, position)
    for position, ask in enumerate(said.get("asks", ())):
        _write_ask(case, ask, position, at)


def _whole_people(people: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{"name": "", "occupation": "", "description": "", **person} for person in people]


def _write_developments(case: Case, said: Iterable[Mapping[str, str]]) -> None:
    wanted = [(date.fromisoformat(one["on"]), one["text"]) for one in said]
    kept = [held for held in case.developments if (held.on, held.text) in wanted]
    have = [(held.on, held.text) for held in kept]
    new = [Development(on=on, text=text) for on, text in wanted if (on, text) not in have]
    case.developments = sorted(kept + new, key=lambda one: one.on, reverse=True)


def _write_addressee(case: Case, said: Mapping[str, Any], position: int) -> None:
    held = next((a for a in case.addressees if a.reference == said["reference"]), None)
    if held is None:
        held = Addressee(reference=said["reference"], salutations={}, copies=[])
        held.name = held.post = held.fax = held.email = ""
        case.addressees.append(held)
    held.position = position
    for name in OF_ADDRESSEE:
        if name in said:
            setattr(held, name, said[name])


def _write_ask(case: Case, said: Mapping[str, Any], position: int, at: datetime) -> None:
    held = next((a for a in case.asks if a.reference == said["reference"]), None)
    if held is None:
        held = Ask(reference=said["reference"], instructions="", model_text="", button="")
        held.sectors, held.specialties, held.countries, held.languages = [], [], [], []
        case.asks.append(held)
    held.position = position
    for name in OF_ASK:
        if name in said:
            setattr(held, name, said[name])
    if "deadline" in said:
        held.deadline = date.fromisoformat(said["deadline"]) if said["deadline"] else None
    if "withdrawn" in said:
        held.withdrawn_at = (held.withdrawn_at or at) if said["withdrawn"] else None
    if "addressees" in said:
        by_reference = {addressee.reference: addressee for addressee in case.addressees}
        held.addressees = [by_reference[reference] for reference in said["addressees"]]


def _exported_ask(ask: Ask) -> dict[str, Any]:
    return {
        "reference": ask.reference,
        **{name: getattr(ask, name) for name in OF_ASK},
        "deadline": ask.deadline.isoformat() if ask.deadline else None,
        "withdrawn": ask.withdrawn_at is not None,
        "addressees": sorted(addressee.reference for addressee in ask.addressees),
    }


def _held(session: Session, references: list[str]) -> dict[str, Case]:
    found = session.scalars(
        select(Case)
        .where(Case.reference.in_(references))
        .options(selectinload(Case.asks), selectinload(Case.addressees))
    )
    return {case.reference: case for case in found}


def _doubles(place: str, references: Iterable[str]) -> Iterator[tuple[str, str]]:
    for reference, count in Counter(references).items():
        if count > 1:
            yield place, f"the reference {reference!r} stands there {count} times"


def _unknown_addressees(
    wanted: Iterable[Mapping[str, Any]], held: Mapping[str, Case]
) -> Iterator[tuple[str, str]]:
    for number, case in enumerate(wanted):
        place = f"cases[{number}]"
        known = {said["reference"] for said in case.get("addressees", ())}
        if case["reference"] in held:
            known |= {addressee.reference for addressee in held[case["reference"]].addressees}
        for part in ("addressees", "asks"):
            yield from _doubles(f"{place}.{part}", (s["reference"] for s in case.get(part, ())))
        for row, ask in enumerate(case.get("asks", ())):
            for reference in ask.get("addressees", ()):
                if reference not in known:
                    yield f"{place}.asks[{row}].addressees", f"{reference!r} is no addressee of it"
