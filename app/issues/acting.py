"""What the buttons of the desk do, by the value that each sends: "up:7", "add:text" …"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from app.catalogue.models import CatalogueAsk
from app.catalogue.taking import for_sector, take
from app.delivery.audience import count_by_sector
from app.errors import InvalidInput, NotFound
from app.issues import arranging, editing, notes
from app.issues.editing import case_or_404, offer_asks, offered
from app.issues.grid import Cell, grid
from app.issues.models import BlockKind, Issue
from app.staff import audit
from app.staff.models import Staff


@dataclass
class Done:
    """`block`: the id of the one to look at now; `gone`: of the one that was taken out."""

    messages: list[str] = field(default_factory=list)
    block: int | None = None
    gone: int | None = None
    anchor: str = ""


def act(
    session: Session, issue: Issue, form: Mapping[str, str], staff: Staff, now: datetime
) -> Done:
    """Nothing when no button but "save" was pressed. InvalidInput for what no button sends."""
    name, _colon, rest = form.get("do", "").partition(":")
    values = rest.split(":")
    match name:
        case "" | "save" | "find":
            return Done(anchor="add" if name == "find" else "")
        case "note" | "settle":
            return _note(session, issue, name, _number(rest), form, staff, now)
        case "add":
            done = _add(session, issue, values[0], now)
        case "add-case" | "offer" | "take" | "fill" | "withhold":
            done = _ask(session, issue, name, [_number(v) for v in values if v], now)
        case _:
            done = _arrange(session, issue, name, [_number(v) for v in values], now)
    issue.changed_by = staff.id
    audit.record(session, "issue.arranged", issue, staff, did=name)
    return done


def _note(
    session: Session,
    issue: Issue,
    name: str,
    number: int,
    form: Mapping[str, str],
    staff: Staff,
    now: datetime,
) -> Done:
    """Nothing that members see: whoever approves may leave one. Number 0 is the whole issue."""
    if name == "settle":
        notes.settle(session, issue, number, staff, now)
        return Done(anchor="blocks")
    notes.leave(session, issue, number or None, form.get(f"note-{number}", ""), staff, now)
    audit.record(session, "issue.note_left", issue, staff)
    return Done(block=number or None, anchor="" if number else "notes-0")


def _add(session: Session, issue: Issue, kind: str, now: datetime) -> Done:
    if kind not in set(BlockKind) - {BlockKind.CASE}:
        raise _unknown()
    return Done(block=arranging.add(session, issue, BlockKind(kind), now).id)


def _arrange(session: Session, issue: Issue, name: str, numbers: list[int], now: datetime) -> Done:
    if name == "back":
        block = arranging.put_back(session, issue, numbers[0], now)
        return Done([_("It is back where it stood.")], block=block.id)
    block = arranging.block_of(issue, numbers[0])
    match name:
        case "up" | "down":
            arranging.move(issue, block, -1 if name == "up" else 1, now)
        case "place":
            arranging.put_at(issue, block, numbers[-1], now)
        case "double":
            return Done(block=arranging.double(session, issue, block, now).id)
        case "count":
            editing.count_anew(session, issue, block, now)
        case "remove":
            arranging.take_out(issue, block, now)
            return Done(gone=block.id, anchor="blocks")
        case _:
            raise _unknown()
    return Done(anchor=f"block-{block.id}")


def _ask(session: Session, issue: Issue, name: str, numbers: list[int], now: datetime) -> Done:
    if len(numbers) < {"fill": 0, "add-case": 1}.get(name, 2):
        raise _unknown()
    if name == "add-case":
        case = case_or_404(session, numbers[0])
        return Done(block=arranging.add_case(session, issue, case, now).id)
    if name == "fill":
        return _fill(session, issue, now)
    case = case_or_404(session, numbers[0])
    arranging.block_with(issue, case)
    asks = offered(issue, case)
    if name == "offer":
        asks.append(numbers[1])
    elif name == "withhold":
        asks = [ask for ask in asks if ask != numbers[1]]
    else:
        entry = session.get(CatalogueAsk, numbers[1])
        if entry is None:
            raise NotFound(_("This entry of the catalogue is not there any more."))
        asks.append(take(session, case, entry, [entry.sector], now).id)
    offer_asks(session, issue, case, asks, now)
    return Done(anchor="asks")


def _fill(session: Session, issue: Issue, now: datetime) -> Done:
    """Each sector that is asked nothing of a case gets the first entry of its catalogue."""
    gaps = grid(issue, count_by_sector(session, issue)).gaps
    filled = [cell for cell in gaps if _fill_cell(session, issue, cell, now)]
    text = ngettext(
        "%(num)s ask was taken from the catalogue. Look at it, and change what does not fit.",
        "%(num)s asks were taken from the catalogue. Look at each, and change what does not fit.",
        len(filled),
    )
    return Done([text], anchor="asks")


def _fill_cell(session: Session, issue: Issue, cell: Cell, now: datetime) -> bool:
    entries = for_sector(session, cell.sector)
    if entries:
        ask = take(session, cell.case, entries[0], [cell.sector], now)
        offer_asks(session, issue, cell.case, [*offered(issue, cell.case), ask.id], now)
    return bool(entries)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 10:
        raise _unknown()
    return int(text)


def _unknown() -> InvalidInput:
    return InvalidInput(_("Nothing was changed: this page does not know that button."))
