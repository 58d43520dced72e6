"""Small drawings of the report as inline SVG: bars from zero, words beside them, no script.

Each drawing comes twice, `chart-wide` and `chart-narrow`; the stylesheet shows the one that fits,
so that text keeps its size from a phone to a printed page. Words come in already translated.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypedDict

from markupsafe import Markup

from app.reports.arithmetic import Proportion, Tally
from app.reports.sheet import LINE, Sheet, grouped, wide, wrap

THICK = 14.0  # a bar

_SCALES = (0.05, 0.1, 0.25, 0.5, 1.0)
_Ends = tuple[str, str] | None  # what stands at zero and at the end of the scale


class ChartWords(TypedDict):
    """Translated: what the drawing is, and what it shows (its numbers are added to it)."""

    title: str
    description: str


class RateWords(ChartWords):
    """`of` holds {numerator} and {denominator}; `percent` holds {value}, as in "{value} %"."""

    of: str
    percent: str
    too_few: str


class LadderWords(ChartWords):
    """The name of each step."""

    sent: str
    delivered: str
    visited: str
    will_do: str
    reported: str
    evidenced: str
    verified: str


class TimelineWords(ChartWords):
    """`empty` stands where there is no day to draw."""

    empty: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of rates; `note` is small print under the bar."""

    label: str
    proportion: Proportion
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    """A bar as it is drawn. `share` and `interval` are of the scale; without a share the words
    `instead` stand where the bar would be."""

    label: str
    figure: str = ""
    beside: str = ""
    note: str = ""
    instead: str = ""
    spoken: str = ""
    share: float | None = None
    interval: tuple[float, float] | None = None
    colour: str = "chart-acted"

    @property
    def told(self) -> str:
        words = (self.figure, self.beside, self.spoken, self.instead, self.note)
        return f"{self.label}: {', '.join(filter(None, words))}."


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the parts of a row stand across a sheet; `stacked` puts the label over the bar."""

    stacked: bool
    label_width: float
    bar: float
    bar_width: float
    figure: float
    beside: float


_WIDE = _Places(stacked=False, label_width=200, bar=212, bar_width=288, figure=560, beside=570)
_NARROW = _Places(stacked=True, label_width=236, bar=0, bar_width=300, figure=300, beside=0)


def _sheets(rtl: bool) -> tuple[tuple[Sheet, _Places], ...]:
    return (Sheet("chart-wide", 680, rtl), _WIDE), (Sheet("chart-narrow", 300, rtl), _NARROW)


def rate_bars(bars: Sequence[Bar], words: RateWords, *, rtl: bool = False) -> Markup:
    """Rates under one another on one scale from zero, each with its n of N and its interval."""
    highs = [bar.proportion.high or 0.0 for bar in bars if not bar.proportion.too_few]
    scale = next(step for step in _SCALES if max(highs, default=0.0) <= step)
    rows = [_rate_row(bar, words, scale) for bar in bars]
    ends = (_percent(0, words), _percent(scale, words)) if highs else None
    return _twice(rows, words, ends, rtl)


def ladder(tally: Tally, sent: int, words: LadderWords, *, rtl: bool = False) -> Markup:
    """The steps from sent to verified; those on which members acted are in colour."""
    steps = (
        (words["sent"], sent, "chart-rest"),
        (words["delivered"], tally.delivered, "chart-rest"),
        (words["visited"], tally.visited, "chart-rest"),
        (words["will_do"], tally.will_do, "chart-rest"),
        (words["reported"], tally.reported, "chart-acted"),
        (words["evidenced"], tally.evidenced, "chart-acted"),
        (words["verified"], tally.verified, "chart-acted"),
    )
    most = max(1, *(count for _, count, _ in steps))
    rows = [
        _Row(label, grouped(count), share=count / most, colour=colour)
        for label, count, colour in steps
    ]
    return _twice(rows, words, None, rtl)


def timeline(
    days: Sequence[tuple[date, int]],
    words: TimelineWords,
    *,
    name_day: Callable[[date], str] = date.isoformat,
    rtl: bool = False,
) -> Markup:
    """Responses a day; days that are not given had none. The busiest and both ends are named."""
    every = [(name_day(day), count) for day, count in _every_day(days)]
    return Markup("").join(_timeline(sheet, every, words) for sheet, _ in _sheets(rtl))


def sparkline(counts: Sequence[int], words: ChartWords, *, rtl: bool = False) -> Markup:
    """Columns about as high as a line of text, for a cell of a table."""
    sheet = Sheet("chart-spark", 100, rtl)
    told = ", ".join(grouped(count) for count in counts)
    days = [("", count) for count in counts]
    columns = _columns(sheet, days, 100 / max(1, len(days)), top=0, height=20)
    return sheet.svg(20, *_said(words, told), columns)


def _said(words: ChartWords, told: str) -> tuple[str, str]:
    return words["title"], f"{words['description']} {told}".strip()


def _percent(share: float, words: RateWords) -> str:
    """Whole percents; few are not rounded to none, nor nearly all to all."""
    value = "<1" if 0 < share < 0.01 else ">99" if 0.99 < share < 1 else f"{100 * share:.0f}"
    return words["percent"].format(value=value)


def _rate_row(bar: Bar, words: RateWords, scale: float) -> _Row:
    share = bar.proportion
    beside = words["of"].format(
        numerator=grouped(share.numerator), denominator=grouped(share.denominator)
    )
    if share.too_few or share.value is None or share.low is None or share.high is None:
        return _Row(bar.label, beside=beside, note=bar.note, instead=words["too_few"])
    between = f"{round(100 * share.low)}–{round(100 * share.high)}"
    return _Row(
        bar.label,
        figure=_percent(share.value, words),
        beside=beside,
        note=bar.note,
        spoken=words["percent"].format(value=between),
        share=share.value / scale,
        interval=(share.low / scale, share.high / scale),
    )


def _twice(rows: Sequence[_Row], words: ChartWords, ends: _Ends, rtl: bool) -> Markup:
    return Markup("").join(_bars(*where, rows, words, ends) for where in _sheets(rtl))


def _bars(
    sheet: Sheet, places: _Places, rows: Sequence[_Row], words: ChartWords, ends: _Ends
) -> Markup:
    parts: list[Markup] = []
    y = 4.0
    for row in rows:
        drawn, y = _drawn(sheet, places, row, y)
        parts += drawn
    if ends:
        parts = [*_axis(sheet, places, ends, y), *parts]
        y += LINE
    told = " ".join(row.told for row in rows)
    return sheet.svg(y, *_said(words, told), parts)


def _drawn(sheet: Sheet, places: _Places, row: _Row, y: float) -> tuple[list[Markup], float]:
    """The row's parts, and where the next row begins."""
    label = wrap(row.label, places.label_width, 2)
    whole = row.label if label[-1].endswith("…") else ""
    parts = [
        sheet.text("chart-label", 0, y + 13 + i * LINE, line, whole=whole)
        for i, line in enumerate(label)
    ]
    if row.figure:
        parts.append(sheet.text("chart-figure", places.figure, y + 13, row.figure, anchor="end"))
    bar_y = y + len(label) * LINE + 2 if places.stacked else y + 2
    parts += _bar(sheet, places, row, bar_y)
    under = bar_y + THICK + 14
    beside_y = under if places.stacked else y + 13
    if row.beside:
        parts.append(sheet.text("chart-soft", places.beside, beside_y, row.beside))
        under += LINE if places.stacked else 0
    parts += _note(sheet, places, row.note, under)
    bottom = max(under - 14 + (LINE if row.note else 0), y + len(label) * LINE)
    return parts, bottom + (12 if places.stacked else 8)


def _note(sheet: Sheet, places: _Places, note: str, y: float) -> Iterator[Markup]:
    if note:
        [line] = wrap(note, places.bar_width, 1)
        whole = note if line.endswith("…") else ""
        yield sheet.text("chart-soft", places.bar, y, line, whole=whole)


def _bar(sheet: Sheet, places: _Places, row: _Row, y: float) -> Iterator[Markup]:
    if row.share is None:
        yield sheet.text(
            "chart-soft", places.bar + (0 if places.stacked else 4), y + 11, row.instead
        )
        return
    yield sheet.rect(row.colour, places.bar, y, row.share * places.bar_width, THICK)
    if row.interval:
        low, high = (places.bar + end * places.bar_width for end in row.interval)
        middle = y + THICK / 2
        for colour in ("chart-halo", "chart-interval"):
            yield sheet.line(colour, (low, middle), (high, middle))


def _axis(sheet: Sheet, places: _Places, ends: tuple[str, str], bottom: float) -> Iterator[Markup]:
    left, right = places.bar, places.bar + places.bar_width
    for x, anchor, words in ((left, "start", ends[0]), (right, "end", ends[1])):
        if not places.stacked:
            yield sheet.line("chart-line", (x, 0), (x, bottom - 2))
        yield sheet.text("chart-soft", x, bottom + 10, words, anchor=anchor)


def _every_day(days: Sequence[tuple[date, int]]) -> list[tuple[date, int]]:
    counts = dict(days)
    if not counts:
        return []
    first, last = min(counts), max(counts)
    span = (first + timedelta(days=i) for i in range((last - first).days + 1))
    return [(day, counts.get(day, 0)) for day in span]


def _timeline(sheet: Sheet, days: Sequence[tuple[str, int]], words: TimelineWords) -> Markup:
    if not days:
        empty = sheet.text("chart-soft", 0, 14, words["empty"])
        return sheet.svg(LINE + 2, *_said(words, words["empty"]), [empty])
    slot = min(40.0, sheet.width / len(days))
    busiest = max(range(len(days)), key=lambda i: days[i][1])
    name, count = days[busiest]
    over = min(max((busiest + 0.5) * slot, 14.0), sheet.width - 14)
    parts = [
        *_columns(sheet, days, slot, top=20, height=80),
        sheet.line("chart-line", (0, 100), (slot * len(days), 100)),
        sheet.text("chart-figure", over, 14, grouped(count), anchor="middle"),
        *_ends(sheet, days[0][0], days[-1][0], slot * len(days)),
    ]
    total = grouped(sum(count for _, count in days))
    told = f"{days[0][0]} – {days[-1][0]}: {total}. {name}: {grouped(count)}."
    return sheet.svg(122, *_said(words, told), parts)


def _ends(sheet: Sheet, first: str, last: str, span: float) -> Iterator[Markup]:
    """The first and last day under their columns, or in one phrase where both do not fit."""
    if wide(first) + wide(last) + 20 <= span:
        yield sheet.text("chart-soft", 0, 116, first)
        yield sheet.text("chart-soft", span, 116, last, anchor="end")
    else:
        yield sheet.text("chart-soft", 0, 116, first if first == last else f"{first} – {last}")


def _columns(
    sheet: Sheet, days: Sequence[tuple[str, int]], slot: float, *, top: float, height: float
) -> Iterator[Markup]:
    most = max([1, *(count for _, count in days)])
    for i, (day, count) in enumerate(days):
        tall = height * count / most
        told = f"{day}: {grouped(count)}" if day else ""
        yield sheet.rect(
            "chart-acted", (i + 0.15) * slot, top + height - tall, slot * 0.7, tall, told
        )
