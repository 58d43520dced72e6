"""The charts of a report, with their words in the reader's language."""

from collections import Counter
from collections.abc import Mapping

from flask_babel import format_date, get_locale
from flask_babel import gettext as _
from markupsafe import Markup

from app.reports.arithmetic import Tally
from app.reports.charts import (
    Bar,
    LadderWords,
    RateWords,
    TimelineWords,
    ladder,
    rate_bars,
    timeline,
)
from app.reports.counting import IssueReport
from app.sectors import sector_name
from app.shell import country


def draw_asks(report: IssueReport) -> Markup:
    """The action rate of each ask."""
    bars = [Bar(ask.offer.ask.headline, ask.tally.action_rate) for ask in report.asks]
    return rate_bars(bars, _rate_words(_("Members who acted, by ask")), rtl=_rtl())


def draw_ladder(report: IssueReport) -> Markup:
    words: LadderWords = {
        "title": _("From sent to verified"),
        "description": _("How many members and asks came how far."),
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "visited": _("Page opened"),
        "will_do": _("Will do"),
        "reported": _("Reported done"),
        "evidenced": _("With evidence"),
        "verified": _("Verified"),
    }
    return ladder(report.total, report.sent_pairs, words, rtl=_rtl())


def draw_groups(report: IssueReport, dimension: str) -> Markup:
    bars = [
        Bar(group_name(dimension, group), tally.action_rate)
        for group, tally in report.groups[dimension].items()
    ]
    return rate_bars(bars, _rate_words(_("Members who acted, by group")), rtl=_rtl())


def draw_networks(tallies: Mapping[str, Tally]) -> Markup:
    bars = [Bar(name, tally.action_rate) for name, tally in tallies.items()]
    return rate_bars(bars, _rate_words(_("Members who acted, by network")), rtl=_rtl())


def draw_days(report: IssueReport) -> Markup:
    words: TimelineWords = {
        "title": _("Answers a day"),
        "description": _("When answers came."),
        "empty": _("No answer yet."),
    }
    days = Counter(moment.date() for moment, _one in report.days)
    return timeline(
        sorted(days.items()), words, name_day=lambda day: format_date(day, "d MMM"), rtl=_rtl()
    )


def group_name(dimension: str, group: str | None) -> str:
    if group is None or group == "":
        return str(_("unknown"))
    if dimension == "sector":
        return sector_name(group)
    return country(group) if dimension == "country" else str(group)


def _rate_words(title: str) -> RateWords:
    return {
        "title": title,
        "description": _("Of those it was delivered to; the thin line is the interval at 95 %."),
        "of": _("{numerator} of {denominator}"),
        "percent": _("{value} %"),
        "too_few": _("too few for a rate"),
    }


def _rtl() -> bool:
    locale = get_locale()
    return locale is not None and locale.text_direction == "rtl"
