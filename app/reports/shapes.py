"""A report as JSON and as rows of a spreadsheet: the same numbers as the page."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.reports.arithmetic import Proportion, Tally
from app.reports.counting import AskReport, IssueReport

LADDER = (
    *("delivered", "visited", "will_do", "reported", "evidenced", "verified"),
    *("could_not", "cannot", "already", "suspect"),
)
BESIDE = ("promised", "kept", "letters", "late")
RATES = ("action_rate", "answer_rate", "completion")
BOUNDS = ("value", "low", "high", "numerator", "denominator")


def as_json(report: IssueReport) -> dict[str, Any]:
    """Shares are 0 to 1; None where there is nothing to divide by. Times are ISO 8601, UTC."""
    windows = [ask.window for ask in report.asks]
    opens = report.issue.frozen_at
    return {
        "issue": report.issue.id,
        "title": report.issue.title,
        "network": report.issue.network.code,
        "counted_at": report.counted_at.isoformat(),
        "window": {
            "opens": opens.isoformat() if opens else None,
            "closes": max(window.closes for window in windows).isoformat() if windows else None,
        },
        "deliveries": dict(report.deliveries),
        "uncertain": {
            "perhaps_twice": report.perhaps_twice,
            "perhaps_not_at_all": report.perhaps_not,
        },
        "suspects": {
            why.value: {fate.value: count for fate, count in fates.items()}
            for why, fates in report.suspects.items()
        },
        "asks": [_ask(ask) for ask in report.asks],
    }


def rows(report: IssueReport) -> Iterator[list[object]]:
    """A header, then for each ask everybody and every group."""
    rates = [f"{rate}_{bound}" for rate in RATES for bound in BOUNDS]
    heads = ("issue", "ask", "window_opens", "window_closes", "group_by", "group")
    yield [*heads, *LADDER, *BESIDE, "outside", *rates]
    for ask in report.asks:
        start = [report.issue.id, name_of(ask)]
        start += [ask.window.opens.isoformat(), ask.window.closes.isoformat()]
        yield [*start, "", "", *_numbers(ask.tally, ask.outside)]
        for dimension, groups in ask.groups.items():
            for group, tally in groups.items():
                yield [*start, dimension, group or "unknown", *_numbers(tally, "")]


def name_of(ask: AskReport) -> str:
    """The ask by its references: "VER-2026-014/colleague-letter"."""
    return f"{ask.offer.ask.case.reference}/{ask.offer.ask.reference}"


def _ask(ask: AskReport) -> dict[str, Any]:
    return {
        "ask": name_of(ask),
        "headline": ask.offer.ask.headline,
        "window": {
            "opens": ask.window.opens.isoformat(),
            "closes": ask.window.closes.isoformat(),
        },
        **_tally(ask.tally),
        "outside": ask.outside,
        "groups": {
            dimension: {group or "unknown": _tally(tally) for group, tally in groups.items()}
            for dimension, groups in ask.groups.items()
        },
    }


def _tally(tally: Tally) -> dict[str, Any]:
    counts = {name: getattr(tally, name) for name in (*LADDER, *BESIDE)}
    return counts | {rate: _proportion(getattr(tally, rate)) for rate in RATES}


def _proportion(share: Proportion) -> Mapping[str, Any]:
    return {name: getattr(share, name) for name in BOUNDS} | {"too_few": share.too_few}


def _numbers(tally: Tally, outside: object) -> list[object]:
    shares = [getattr(tally, rate) for rate in RATES]
    bounds = [getattr(share, bound) for share in shares for bound in BOUNDS]
    return [*(getattr(tally, name) for name in (*LADDER, *BESIDE)), outside, *bounds]
