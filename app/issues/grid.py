"""Asks as a grid: cases down, sectors across; a cell is what that sector is asked for that case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.cases.models import Ask, Case
from app.issues.models import Block, Issue

Editions = Mapping[tuple[int, ...], int]  # the offers of a form of the issue -> its members


@dataclass(frozen=True)
class Column:
    """A sector: its `members` among the recipients, and how many of them get no ask at all."""

    sector: str
    members: int
    idle: int


@dataclass(frozen=True)
class Cell:
    """`offered` are the asks in the issue that members of the sector can get, `others` those of the
    case that could be offered to them; `reached` members get one of the offered."""

    case: Case
    sector: str
    offered: Sequence[Ask]
    others: Sequence[Ask]
    reached: int


@dataclass(frozen=True)
class Row:
    block: Block
    case: Case
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Grid:
    columns: Sequence[Column]
    rows: Sequence[Row]

    @property
    def gaps(self) -> list[Cell]:
        """Cells of sectors with members in which nothing is asked."""
        peopled = {column.sector for column in self.columns if column.members}
        cells = (cell for row in self.rows for cell in row.cells)
        return [cell for cell in cells if not cell.offered and cell.sector in peopled]


def grid(issue: Issue, by_sector: Mapping[str, Editions]) -> Grid:
    named = (sector for offer in issue.offers for sector in offer.ask.sectors)
    members = {sector: sum(editions.values()) for sector, editions in by_sector.items()}
    sectors = sorted({*members, *named}, key=lambda sector: (-members.get(sector, 0), sector))
    return Grid(
        columns=[
            Column(sector, members.get(sector, 0), by_sector.get(sector, {}).get((), 0))
            for sector in sectors
        ],
        rows=[
            Row(block, block.case, [_cell(issue, block.case, s, by_sector) for s in sectors])
            for block in issue.blocks
            if block.case is not None
        ],
    )


def _cell(issue: Issue, case: Case, sector: str, by_sector: Mapping[str, Editions]) -> Cell:
    fitting = [ask for ask in case.asks if not ask.withdrawn_at and _fits(ask, sector)]
    offers = {offer.ask_id: offer.id for offer in issue.offers}
    offered = [ask for ask in fitting if ask.id in offers]
    ids = {offers[ask.id] for ask in offered}
    reached = sum(
        count for held, count in by_sector.get(sector, {}).items() if ids.intersection(held)
    )
    return Cell(case, sector, offered, [ask for ask in fitting if ask.id not in offers], reached)


def _fits(ask: Ask, sector: str) -> bool:
    return not ask.sectors or sector in ask.sectors
