"""A sheet to draw on: SVG shapes as safe markup, and text fitted to a width.

Lengths are user units; text is 14 of them high. Colour comes from classes alone, because a strict
CSP forbids style attributes; without a stylesheet everything is drawn in the text's own colour.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import category, east_asian_width

from markupsafe import Markup

LINE = 18.0
"""From one line of text to the next."""

_SLIM = frozenset(" iIjlftr.,:;'’|!()[]-")
_HAS_NO_WIDTH = frozenset({"Mn", "Me", "Cf"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawing of so many units across, mirrored for pages that are read from the right."""

    variant: str
    width: float
    rtl: bool

    def rect(
        self, colour: str, x: float, y: float, width: float, height: float, told: str = ""
    ) -> Markup:
        """`told` is shown when a pointer rests on it."""
        left = self.width - x - width if self.rtl else x
        return Markup(
            '<rect class="{}" fill="currentColor" x="{:.1f}" y="{:.1f}" width="{:.1f}" '
            'height="{:.1f}">{}</rect>'
        ).format(colour, left, y, width, height, _whole(told))

    def line(self, colour: str, start: tuple[float, float], end: tuple[float, float]) -> Markup:
        return Markup(
            '<line class="{}" stroke="currentColor" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" '
            'y2="{:.1f}"/>'
        ).format(colour, self._across(start[0]), start[1], self._across(end[0]), end[1])

    def text(
        self, colour: str, x: float, y: float, words: str, *, anchor: str = "start", whole: str = ""
    ) -> Markup:
        """`anchor` start is where reading starts: SVG turns it round by itself. `y` is the
        baseline; `whole` says in full what `words` had to shorten."""
        return Markup(
            '<text class="{}" fill="currentColor" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}{}'
            "</text>"
        ).format(colour, self._across(x), y, anchor, _whole(whole), words)

    def svg(self, height: float, title: str, description: str, parts: Iterable[Markup]) -> Markup:
        """One image to a screen reader: the description has to say what the drawing says."""
        return Markup(
            '<svg class="chart {}" role="img" viewBox="0 0 {:g} {:.0f}" direction="{}" '
            'font-size="14" xmlns="http://www.w3.org/2000/svg">'
            "<title>{}</title><desc>{}</desc>{}</svg>"
        ).format(
            self.variant,
            self.width,
            height,
            "rtl" if self.rtl else "ltr",
            title,
            description,
            Markup("").join(parts),
        )

    def _across(self, x: float) -> float:
        return self.width - x if self.rtl else x


def _whole(words: str) -> Markup:
    return Markup("<title>{}</title>").format(words) if words else Markup("")


def grouped(number: int) -> str:
    """Thousands apart by a narrow space, which no language reads as a decimal point."""
    return f"{number:,}".replace(",", "\u202f")


def wide(words: str) -> float:
    """About how wide a system sans sets it, in user units; rather too wide than too narrow."""
    return sum(_advance(char) for char in words)


def _advance(char: str) -> float:
    if category(char) in _HAS_NO_WIDTH:
        return 0.0
    if east_asian_width(char) in "WF":
        return 14.5
    if char in _SLIM:
        return 4.8
    return 10.4 if char.isupper() or char in "mw@%" else 8.3


def wrap(words: str, width: float, lines: int) -> list[str]:
    """At most so many lines no wider than `width`; what does not fit ends in an ellipsis."""
    rest, fitted = words.split(), [""]
    while rest:
        longer = f"{fitted[-1]} {rest[0]}".strip()
        if wide(longer) <= width:
            fitted[-1] = longer
        elif fitted[-1] and len(fitted) < lines:
            fitted.append("")
            continue
        else:
            fitted[-1] = _shortened(" ".join([fitted[-1], *rest]).strip(), width)
            break
        rest.pop(0)
    return fitted


def _shortened(words: str, width: float) -> str:
    while words and wide(words + "…") > width:
        words = words[:-1]
    return words.rstrip(" \u200d") + "…"
