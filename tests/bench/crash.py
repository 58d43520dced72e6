"""`bin/bench crash`: workers are killed in the middle of everything, and the ledger is reconciled
with what the sink accepted."""

import json
import random
import sys
import time
from collections import Counter
from typing import Any

import click

from app.config import load
from tests.bench.crashing.trials import CLEAN, Ground, Reckoning, ground, orders
from tests.bench.delivering import databases

UNHARMED = 3  # trials in which nobody is killed, before the others


@click.command("crash")
@click.option("--trials", type=click.IntRange(1), default=100, help="Over all databases (100).")
@click.option("--recipients", type=click.IntRange(1), default=500, show_default=True)
@click.option("--database", type=click.Choice([*databases.KINDS, "both"]), default="both")
@click.option("--seed", type=int, default=1, help="Of the moments of the kills (1).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def crash(trials: int, recipients: int, database: str, seed: int, as_json: bool) -> None:
    """kill -9 at named steps and at random times, then recovery by another process.

    \b
    lost        not sent by the ledger, or not accepted by the sink, and no row says why
    duplicates  accepted more than once; duplicates_outside: of these, not known as uncertain
    sent_unseen sent by the ledger, and never accepted
    uncertain   nobody could say whether they were accepted: they were sent again;
                left_unknown: of these, uncertain once more and so left to staff
    """
    kinds = databases.KINDS if database == "both" else (database,)
    shares = [trials // len(kinds) + (n < trials % len(kinds)) for n in range(len(kinds))]
    total: Counter[str] = Counter()
    most = 0
    for kind, share in zip(kinds, shares, strict=True):
        with ground(kind, recipients) as where:
            for reckoning in _trials(where, share, random.Random(seed), kind):
                total.update(_counts(reckoning))
                most = max(most, reckoning.most_uncertain)
    figures = {
        "trials": trials,
        "recipients": recipients,
        **{name: total[name] for name in _counts(Reckoning())},
        "max_uncertain_per_kill": most,
        "in_flight_connections": _connections(),
    }
    click.echo(json.dumps(figures, indent=2) if as_json else _in_words(figures))


def _trials(where: Ground, count: int, numbers: random.Random, kind: str) -> Any:
    span = _span(where)
    for trial in range(count):
        reckoning = Reckoning()
        while not reckoning.kills:  # the moment may have come after the end
            planned = orders(numbers, trial, span)
            reckoning = where.trial(planned)
        if problems := _problems(reckoning):
            sys.stderr.write(f"{kind}, trial {trial}, {planned}: {problems}\n")
        elif trial % 50 == 49:
            sys.stderr.write(f"{kind}: {trial + 1} of {count} …\n")
        yield reckoning


def _span(where: Ground) -> float:
    """Seconds from the birth of a worker that nobody kills until it has sent everything."""
    spans = []
    for _ in range(UNHARMED):
        begun = time.perf_counter()
        reckoning = where.trial([CLEAN])
        spans.append(time.perf_counter() - begun)
        if reckoning.lost or reckoning.twice:
            raise RuntimeError(f"even unharmed it does not work: {_problems(reckoning)}")
    return min(spans)


def _counts(reckoning: Reckoning) -> dict[str, int]:
    return {
        "kills": reckoning.kills,
        "lost": len(reckoning.lost),
        "duplicates": len(reckoning.twice),
        "duplicates_outside": len(reckoning.twice - reckoning.uncertain),
        "sent_unseen": len(reckoning.unseen),
        "uncertain": len(reckoning.uncertain),
        "left_unknown": len(reckoning.left),
    }


def _problems(reckoning: Reckoning) -> str:
    outside = reckoning.twice - reckoning.uncertain
    if reckoning.lost or outside or reckoning.most_uncertain > _connections():
        return f"lost {sorted(reckoning.lost)[:9]}, twice {sorted(outside)[:9]}, " + str(
            _counts(reckoning) | {"most_uncertain": reckoning.most_uncertain}
        )
    return ""


def _connections() -> int:
    """Of one worker to the sink."""
    return load({"SMTP_URL": "smtp://127.0.0.1:25"}).relays[0].connections


def _in_words(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:<24} {value:>9,}" for name, value in figures.items())
