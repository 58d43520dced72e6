"""`bin/bench faults`: relays do all that they should not, and the ledger is reconciled with what
they know themselves."""

import json
import logging
import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import click

from tests.bench.delivering import databases
from tests.bench.failing.dialogues import Reckoning, stage, total


@click.command("faults")
@click.option("--dialogues", type=click.IntRange(1), default=1000, help="Faulty ones (1000).")
@click.option("--database", type=click.Choice([*databases.KINDS, "both"]), default="both")
@click.option("--seed", type=int, default=1, help="Of what goes wrong (1).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def faults(dialogues: int, database: str, seed: int, as_json: bool) -> None:
    """At least so many dialogues that go wrong, through a real worker; its clock is set ahead
    rather than waited for.

    \b
    cases                         faults that a relay committed
    lost                          neither sent and taken, nor refused and failed
    wrongly_suppressed            given up, though nobody said that it can never be
    duplicates_outside_after_dot  taken twice, though the first answer had been read
    """
    kinds = databases.KINDS if database == "both" else (database,)
    done: list[Reckoning] = []
    with _hushed():
        for kind in kinds:
            done += _play(kind, dialogues / len(kinds), random.Random(seed))
    figures = {**total(done), "kinds": _kinds(done)}
    if as_json:
        click.echo(json.dumps(figures, indent=2))
        return
    click.echo("\n".join(f"{name:<30} {value}" for name, value in figures.items()))


@contextmanager
def _hushed() -> Iterator[None]:
    """The service has much to tell here."""
    log = logging.getLogger("docket")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _play(kind: str, dialogues: float, numbers: random.Random) -> list[Reckoning]:
    done: list[Reckoning] = []
    with stage(kind) as where:
        while total(done)["cases"] < dialogues:
            done.append(where.play(numbers))
            sys.stderr.write(f"{kind}: {total(done)} …\n")
            if problems := _problems(done[-1]):
                sys.stderr.write(f"{kind}: {problems}\n")
    return done


def _problems(one: Reckoning) -> str:
    kinds = {
        "lost": one.lost,
        "wrongly suppressed": one.wrongly_suppressed,
        "twice": one.twice_outside,
    }
    return "\n".join(
        f"{name}: {key}: {one.stories[key]}" for name, keys in kinds.items() for key in sorted(keys)
    )


def _kinds(done: list[Reckoning]) -> dict[str, int]:
    return dict(sum((one.met for one in done), Counter()).most_common())
