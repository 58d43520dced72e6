"""Counts as bars from zero, their words and numbers beside them, in the reader's language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup

from app.reports.sheet import LINE, Sheet, wide, wrap
from app.shell import number
from app.watching.figures import Figures

THICK = 14.0  # a bar
GAP = 8.0  # between a bar and its number, and between rows
BOLD = 1.2  # how much wider numbers are than plain text
LABELS = 190.0  # the width of the words left of the bars, where there is room


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    count: int
    colour: str  # a class of charts.css


def draw_answers(figures: Figures) -> Markup:
    """What mail servers said to all that they were ever given."""
    known = {
        "sent": (_("Taken"), "chart-ok"),
        "retry": (_("Put off"), "chart-wait"),
        "give_up": (_("Refused for good"), "chart-stop"),
        "relay_trouble": (_("Mail server in trouble"), "chart-info"),
        "unknown": (_("No answer"), "chart-rest"),
    }
    counts = dict.fromkeys(known, 0) | dict(figures.answers)
    bars = []
    for outcome, count in counts.items():
        label, colour = known.get(outcome, (outcome, "chart-rest"))
        bars.append(Bar(label, count, colour))
    return draw(bars, _("Answers of mail servers"))


def draw_waiting(figures: Figures) -> Markup:
    bars = [
        Bar(_("Queued"), figures.queued, "chart-rest"),
        Bar(_("In a worker's hands"), figures.claimed, "chart-info"),
        Bar(_("Put off, to be tried again"), figures.retrying, "chart-wait"),
    ]
    return draw(bars, _("Mails that wait"))


def draw(bars: Sequence[Bar], title: str) -> Markup:
    """Twice, for a wide and a narrow place: the stylesheet shows the one that fits."""
    locale = get_locale()
    rtl = locale is not None and locale.text_direction == "rtl"
    told = " ".join(f"{bar.label}: {number(bar.count)}." for bar in bars)
    sheets = (Sheet("chart-wide", 680, rtl), True), (Sheet("chart-narrow", 300, rtl), False)
    return Markup("").join(_drawn(sheet, bars, (title, told), beside) for sheet, beside in sheets)


def _drawn(sheet: Sheet, bars: Sequence[Bar], said: tuple[str, str], beside: bool) -> Markup:
    """`beside`: the label stands left of its bar, not above it."""
    step = THICK + GAP + (0 if beside else LINE)
    start = LABELS + GAP if beside else 0.0
    room = max(BOLD * wide(number(bar.count)) for bar in bars) + GAP
    most = max(1, *(bar.count for bar in bars))
    unit = (sheet.width - start - room) / most
    parts = [
        part
        for row, bar in enumerate(bars)
        for part in _row(sheet, bar, row * step, (start, unit), beside)
    ]
    return sheet.svg(len(bars) * step, *said, parts)


def _row(
    sheet: Sheet, bar: Bar, top: float, scale: tuple[float, float], beside: bool
) -> Iterator[Markup]:
    start, unit = scale
    [label] = wrap(bar.label, LABELS if beside else sheet.width, 1)
    yield sheet.text("chart-label", 0, top + 13, label, whole=bar.label if "…" in label else "")
    bar_top = top + (2 if beside else LINE)
    long = bar.count * unit
    if bar.count:
        yield sheet.rect(bar.colour, start, bar_top, max(long, 1.0), THICK)
    yield sheet.text("chart-figure", start + long + GAP, bar_top + 11, number(bar.count))
