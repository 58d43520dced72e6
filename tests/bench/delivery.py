"""`bin/bench delivery`: how fast mail goes out, beside what the sink takes and a naive way."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click

from app.mail.hosts import is_loopback
from tests.bench import postfix_sink
from tests.bench.delivering import databases, growing, signing
from tests.bench.delivering.figures import Plan, measure
from tests.bench.sink import Sink, sink

Where = tuple[str, int] | str | None


def _sink_address(_context: object, _option: object, text: str | None) -> Where:
    """HOST:PORT on this machine: a bench must not send mail to anybody."""
    if text is None or text == postfix_sink.NAME:
        return text
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not is_loopback(host.strip("[]")):
        raise click.BadParameter("HOST:PORT on this machine, for example 127.0.0.1:2525")
    return host.strip("[]"), int(port)


def _worker_counts(_context: object, _option: object, text: str) -> tuple[int, ...]:
    counts = tuple(int(part) for part in text.split(",") if part.strip().isdigit())
    if not counts or min(counts) < 1:
        raise click.BadParameter("numbers of workers with commas, for example 1,2")
    return counts


@click.command("delivery")
@click.option("--recipients", type=click.IntRange(8), help="10,000; with --growth, a million.")
@click.option(
    "--rounds", type=click.IntRange(1, 99), default=3, show_default=True, help="In turns."
)
@click.option("--sink", "where", callback=_sink_address, help="HOST:PORT here, or smtp-sink.")
@click.option("--database", type=click.Choice([*databases.KINDS, "both"]), default="both")
@click.option("--workers", callback=_worker_counts, default="1,2", show_default=True)
@click.option("--size", type=click.Choice(["usual", "small"]), default="usual")
@click.option("--dkim", is_flag=True, help="Sign each message (RSA-2048).")
@click.option("--growth", is_flag=True, help="A million recipients, and a ledger of ten millions.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def delivery(
    recipients: int | None,
    rounds: int,
    where: Where,
    database: str,
    workers: tuple[int, ...],
    size: str,
    dkim: bool,
    growth: bool,
    as_json: bool,
) -> None:
    """Messages per second, from the first claim to the last settlement on disk.

    \b
    limit_per_s     canned bytes of the same size, over the best pipelined connections
    naive_per_s     each message from templates, the email package, smtplib
    docket_per_s    by database and worker processes; share_of_limit and ratio_to_naive likewise
    fill_per_s      messages made and not sent; fill_ratio_to_naive: beside the naive composition
    peak_rss_mb     the most memory of a worker
    prepare_per_s   rows of the ledger written when an issue is frozen
    """
    kinds = databases.KINDS if database == "both" else (database,)
    plan = Plan(kinds, workers, recipients or growing.FEW, rounds, size == "small")
    with _sink(where) as taking:
        if growth:
            figures = growing.measure(kinds, recipients or growing.MANY, taking, _tell)
        else:
            figures = _signed(plan, taking) if dkim else measure(plan, taking, _tell)
    click.echo(json.dumps(figures, indent=2) if as_json else _in_words(figures))


def _signed(plan: Plan, taking: Sink) -> dict[str, Any]:
    with signing.key_file() as key:
        settings = {"DKIM_KEY": str(key), "DKIM_SELECTOR": "bench"}
        figures = measure(replace(plan, more=settings), taking, _tell)
        return figures | signing.beside(figures, key, plan.workers)


@contextmanager
def _sink(where: Where) -> Iterator[Sink]:
    if isinstance(where, tuple):
        yield Sink(*where)
        return
    with postfix_sink.postfix_sink() if where else sink() as running:
        yield running


def _in_words(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:<22} {_shown(value)}" for name, value in figures.items())


def _shown(value: Any) -> str:
    if not isinstance(value, dict):
        return f"{value:>12,}"
    return " · ".join(f"{key} {_shown(inner).strip()}" for key, inner in value.items()).rjust(12)


def _tell(text: str) -> None:
    sys.stderr.write(text + " …\n")
