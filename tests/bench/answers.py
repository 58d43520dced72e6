"""`bin/bench answers`: the answer page under load, beside a bare handler on the same server.

The bare handler (bare.py) runs the page's own statements by the driver and sends as many bytes.
Both are asked in turns, in short volleys over the same few connections; a ratio is that of two
neighbouring volleys, and every figure is a median. The bare handler is measured on the server as we
ship it, and once more (`bare_tuned`) with as many threads as suit it best, which a service that
reads bodies from slow lines cannot have. Rows are counted after each volley: what was answered is
what is in the database.
"""

import http.client
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import click

from app.responses.models import Response, Visit
from tests.bench.firing import HOST, PATIENCE, Gunners, Ring, Shots
from tests.bench.grounds import Ground, ground
from tests.bench.serving import OURS, PEERS, Server, serving, with_threads

DATABASES = ("sqlite", "postgresql")
WAYS = ("GET", "POST", "first GET")
OURS_APP = "wsgi:application"
BARE_THREADS = {"sqlite": 1, "postgresql": 4}  # what a handler without bodies is quickest with
BARE_APP, EMPTY_APP = "tests.bench.bare:application", "tests.bench.bare:empty"
Volley = Callable[[int], Shots]  # at a port


class Range:
    """One database, and each way of asking for its pages."""

    def __init__(self, ground: Ground, gunners: Gunners, seconds: float) -> None:
        self._ground, self._gunners, self._seconds = ground, gunners, seconds
        self._gets = Ring(ground.gets(), gunners.processes)
        self._posts = Ring(ground.posts(), gunners.processes)

    def ways(self) -> dict[str, Volley]:
        return dict(zip(WAYS, (self.get, self.post, self.get_first), strict=True))

    def get(self, port: int) -> Shots:
        """Pages that were opened before: nothing is written."""
        return self._gunners.fire(port, self._gets, self._seconds)

    def post(self, port: int) -> Shots:
        """Each says something new, so that each adds a row."""
        return self._counted(Response, lambda: self._gunners.fire(port, self._posts, self._seconds))

    def get_first(self, port: int) -> Shots:
        """Each page once, as a mail brings people: each adds a visit."""
        self._ground.forget_visits()
        return self._counted(Visit, lambda: self._gunners.fire_once(port, self._ground.gets()))

    def _counted(self, model: type[Response] | type[Visit], fire: Callable[[], Shots]) -> Shots:
        """RuntimeError unless there is a row for each answer; the last visits come just behind."""
        before = self._ground.count(model)
        shots = fire()
        wanted, deadline = before + len(shots.milliseconds), time.monotonic() + PATIENCE
        while (rows := self._ground.count(model)) < wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        if rows != wanted:
            raise RuntimeError(f"{len(shots.milliseconds)} answered, {rows - before} rows")
        return shots


@click.command("answers", help="The answer page under load, beside a bare handler.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--rounds", type=click.IntRange(1, 99), default=7, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.1), default=0.5, help="Of each volley (0.5).")
@click.option("--connections", type=click.IntRange(1, 256), default=8, show_default=True)
@click.option("--processes", type=click.IntRange(1, 2), default=1, help="That send (1).")
@click.option("--peers/--no-peers", default=True, help="Measure other servers as well.")
def answers(
    as_json: bool, rounds: int, seconds: float, connections: int, processes: int, peers: bool
) -> None:
    gunners = Gunners(processes, connections)
    try:
        with tempfile.TemporaryDirectory(prefix="docket-bench-") as folder:
            Path(folder).chmod(0o755)
            found = _measure(Path(folder), gunners, rounds, seconds, peers)
    finally:
        gunners.close()
    machine = {"python": platform.python_version(), "cpus": os.cpu_count()}
    load = {"connections": connections, "processes": processes, "seconds": seconds}
    data = {"machine": machine, "load": load | {"rounds": rounds}, **found}
    click.echo(json.dumps(data, indent=2) if as_json else _table(found))


def _measure(
    folder: Path, gunners: Gunners, rounds: int, seconds: float, peers: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {"answers": {}, "servers": []}
    for kind in DATABASES:
        with ground(kind, folder / kind) as there:
            told = Range(there, gunners, seconds)
            found["answers"][kind] = _beside_bare(told, there, rounds)
            if peers:
                found["servers"] += list(_peers(told, there, rounds))
    return found


def _beside_bare(told: Range, there: Ground, rounds: int) -> dict[str, object]:
    _say(f"{there.kind}: beside a bare handler …")
    with ExitStack() as stack:
        ours = stack.enter_context(serving(OURS, OURS_APP, there.environ))
        size = {"PAGE_BYTES": str(_page_bytes(ours, there.paths[0]))}
        bare = stack.enter_context(serving(OURS, BARE_APP, there.environ | size))
        few = with_threads(BARE_THREADS[there.kind])
        tuned = stack.enter_context(serving(few, BARE_APP, there.environ | size))
        empty = stack.enter_context(serving(OURS, EMPTY_APP, there.environ | size))
        figures: dict[str, object] = {
            way: _compared(*_in_turns(fire, [ours, bare, tuned], rounds))
            for way, fire in told.ways().items()
        }
        (limit,) = _in_turns(told.get, [empty], rounds)
    return figures | {"empty_per_s": _median(limit, Shots.rate)}


def _peers(told: Range, there: Ground, rounds: int) -> Iterator[dict[str, object]]:
    """The service on other servers, in turns with ours."""
    servers = [OURS, *(server for server in PEERS if server.is_installed)]
    with ExitStack() as stack:
        ports = [stack.enter_context(serving(one, OURS_APP, there.environ)) for one in servers]
        for way, fire in told.ways().items():
            _say(f"{there.kind}: {way} on {len(servers)} servers …")
            for server, shots in zip(servers, _in_turns(fire, ports, rounds), strict=True):
                what = {"database": there.kind, "way": way}
                yield what | _told(server) | _figures(shots)


def _in_turns(fire: Volley, ports: list[int], rounds: int) -> list[list[Shots]]:
    """Of each port; without the first round, in which pages are drawn and statements prepared."""
    shots = [[fire(port) for port in ports] for _round in range(rounds + 1)]
    return [list(mine) for mine in zip(*shots[1:], strict=True)]


def _compared(ours: list[Shots], bare: list[Shots], tuned: list[Shots]) -> dict[str, object]:
    return {
        **_figures(ours),
        "ratio": _ratio(ours, bare),
        "bare_per_s": _median(bare, Shots.rate),
        "bare_p99_ms": _median(bare, Shots.p99),
        "ratio_to_bare_tuned": _ratio(ours, tuned),
        "bare_tuned_per_s": _median(tuned, Shots.rate),
        **_told(OURS),
    }


def _ratio(ours: list[Shots], theirs: list[Shots]) -> float:
    return round(median(a.rate() / b.rate() for a, b in zip(ours, theirs, strict=True)), 3)


def _figures(shots: list[Shots]) -> dict[str, object]:
    return {
        "docket_per_s": _median(shots, Shots.rate),
        "p50_ms": _median(shots, Shots.p50),
        "p99_ms": _median(shots, Shots.p99),
    }


def _told(server: Server) -> dict[str, object]:
    return {"server": f"{server.name} {version(server.name)}", "settings": server.settings}


def _median(shots: list[Shots], figure: Callable[[Shots], float]) -> float:
    return round(median(map(figure, shots)), 2)


def _page_bytes(port: int, path: str) -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    connection.request("GET", path)
    size = len(connection.getresponse().read())
    connection.close()
    return size


def _table(found: dict[str, Any]) -> str:
    head = f"{'ours/s':>8} {'bare/s':>8} {'ratio':>6} {'tuned':>6} {'p50 ms':>7} {'p99 ms':>7}"
    lines = [f"{'':<22} {head}"]
    for kind, ways in found["answers"].items():
        for way in WAYS:
            row = ways[way]
            rates = f"{row['docket_per_s']:>8.0f} {row['bare_per_s']:>8.0f}"
            ratios = f"{row['ratio']:>6.2f} {row['ratio_to_bare_tuned']:>6.2f}"
            times = f"{row['p50_ms']:>7.2f} {row['p99_ms']:>7.2f}"
            lines.append(f"{kind + ' ' + way:<22} {rates} {ratios} {times}")
    for row in found["servers"]:
        name = f"{row['database']} {row['way']}"
        figures = f"{row['docket_per_s']:>8.0f} {row['p50_ms']:>31.2f} {row['p99_ms']:>7.2f}"
        lines.append(f"{name:<22} {figures}  {row['server']} {row['settings']}")
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
