"""Asks as a grid: cases down, sectors across."""

import pytest
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery.audience import count_by_sector
from app.issues import acting, arranging
from app.issues.editing import offer_asks
from app.issues.grid import Cell, Grid, grid
from app.issues.models import BlockKind, Issue
from app.staff.models import Staff
from tests import personas
from tests.issues.conftest import catalogue_ask


def grid_of(session: Session, issue: Issue) -> Grid:
    session.flush()
    return grid(issue, count_by_sector(session, issue))


def cell(session: Session, issue: Issue, sector: str, row: int = 0) -> Cell:
    found = grid_of(session, issue).rows[row].cells
    return next(one for one in found if one.sector == sector)


def fill(session: Session, issue: Issue, somebody: Staff) -> str:
    [message] = acting.act(session, issue, {"do": "fill"}, somebody, now()).messages
    session.flush()
    return message


def test_sectors_with_most_members_come_first_then_those_that_are_only_asked(
    session: Session, issue: Issue
) -> None:
    personas.ask(session, issue.cases[0], sectors=["media", "arts"])
    offer_asks(session, issue, issue.cases[0], [a.id for a in issue.cases[0].asks], now())
    columns = grid_of(session, issue).columns
    assert [(column.sector, column.members) for column in columns] == [
        *(("legal", 2), ("medical", 1), ("arts", 0), ("media", 0))
    ]


def test_rows_are_the_cases_in_their_order(session: Session, issue: Issue) -> None:
    other = personas.case(session, title="Tomas Wren")
    arranging.add_case(session, issue, other, now())
    arranging.put_at(issue, issue.blocks[2], 0, now())
    assert [row.case.title for row in grid_of(session, issue).rows] == [
        *("Tomas Wren", "Mira Solenne")
    ]
    assert [row.block.kind for row in grid_of(session, issue).rows] == ["case", "case"]


def test_a_cell_holds_what_its_sector_is_asked_and_might_be(session: Session, issue: Issue) -> None:
    case = issue.cases[0]
    offer_asks(session, issue, case, [case.asks[0].id], now())
    withdrawn = personas.ask(session, case, "withdrawn", sectors=["medical"])
    withdrawn.withdrawn_at = now()
    legal, medical = grid_of(session, issue).rows[0].cells
    assert [ask.reference for ask in legal.offered] == ["letter"]
    assert (legal.others, legal.reached) == ([], 2)
    assert [ask.reference for ask in medical.others] == ["visit"]
    assert (medical.offered, medical.reached) == ([], 0)


def test_what_everybody_is_asked_stands_in_every_column(session: Session, issue: Issue) -> None:
    case = issue.cases[0]
    ask = personas.ask(session, case, "all")
    offer_asks(session, issue, case, [ask.id], now())
    shown = grid_of(session, issue)
    assert [[ask.reference for ask in one.offered] for one in shown.rows[0].cells] == [["all"]] * 2
    assert [one.reached for one in shown.rows[0].cells] == [2, 1]
    assert not shown.gaps


def test_a_cell_counts_members_and_not_asks(session: Session, issue: Issue) -> None:
    case = issue.cases[0]
    personas.ask(session, case, "second", sectors=["legal"])
    personas.ask(session, case, "french", sectors=["legal"], countries=["FR"])
    offer_asks(session, issue, case, [ask.id for ask in case.asks], now())
    assert cell(session, issue, "legal").reached == 2
    offer_asks(session, issue, case, [case.asks[-1].id], now())
    assert (cell(session, issue, "legal").reached, len(grid_of(session, issue).gaps)) == (0, 1)


def test_a_gap_is_a_sector_with_members_that_is_asked_nothing(
    session: Session, issue: Issue
) -> None:
    assert grid_of(session, issue).gaps == []
    arranging.add_case(session, issue, personas.case(session), now())
    personas.ask(session, issue.cases[0], sectors=["media"])
    offer_asks(session, issue, issue.cases[0], [issue.cases[0].asks[2].id], now())
    gaps = [(gap.case, gap.sector) for gap in grid_of(session, issue).gaps]
    first, second = issue.cases
    assert gaps == [(c, sector) for c in (first, second) for sector in ("legal", "medical")]


def test_a_column_says_who_gets_no_ask_at_all(session: Session, issue: Issue) -> None:
    case = issue.cases[0]
    personas.ask(session, case, "german", sectors=["legal"], countries=["DE"])
    personas.member(session, issue.network, country="DE")
    offer_asks(session, issue, case, [case.asks[2].id], now())
    columns = grid_of(session, issue).columns
    assert [(c.sector, c.members, c.idle) for c in columns] == [("legal", 3, 2), ("medical", 1, 1)]


def test_of_no_members_there_is_no_column(session: Session) -> None:
    issue = personas.issue(session, personas.network(session), [])
    arranging.add_case(session, issue, personas.case(session), now())
    shown = grid_of(session, issue)
    assert (shown.columns, len(shown.rows), shown.gaps) == ([], 1, [])


def test_gaps_are_filled_with_the_first_entry_of_each_sectors_catalogue(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    catalogue_ask(session, "legal", "later", position=2)
    catalogue_ask(session, "legal", "first", position=1)
    catalogue_ask(session, "legal", "hidden", position=0, hidden_at=now())
    catalogue_ask(session, "medical", "care")
    offer_asks(session, issue, issue.cases[0], [], now())
    arranging.add(session, issue, BlockKind.TEXT, now())
    assert fill(session, issue, somebody).startswith("2 asks were taken from the catalogue.")
    assert [offer.ask.reference for offer in issue.offers] == ["legal.first", "medical.care"]
    assert [offer.ask.sectors for offer in issue.offers] == [["legal"], ["medical"]]
    assert issue.offers[0].ask.headline == "first for Mira Solenne"
    assert grid_of(session, issue).gaps == []


def test_what_is_asked_already_stays_and_only_gaps_are_filled(
    session: Session, issue: Issue, somebody: Staff
) -> None:
    catalogue_ask(session, "legal", "letter")
    catalogue_ask(session, "medical", "care")
    case = issue.cases[0]
    offer_asks(session, issue, case, [case.asks[0].id], now())
    assert fill(session, issue, somebody).startswith("1 ask was taken from the catalogue.")
    assert [offer.ask.reference for offer in issue.offers] == ["letter", "medical.care"]
    assert fill(session, issue, somebody).startswith("0 asks were taken")


@pytest.mark.parametrize("sector", ["media", "legal"])
def test_a_gap_without_a_catalogue_stays_a_gap(
    session: Session, issue: Issue, somebody: Staff, sector: str
) -> None:
    catalogue_ask(session, sector, "only")
    offer_asks(session, issue, issue.cases[0], [], now())
    filled = 1 if sector == "legal" else 0
    assert fill(session, issue, somebody).startswith(f"{filled} ask")
    assert len(grid_of(session, issue).gaps) == 2 - filled
