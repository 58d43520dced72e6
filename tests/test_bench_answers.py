"""`bin/bench answers` asks both servers on both databases, and counts what they wrote."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.bench.firing import Gunners, Ring
from tests.live import ROOT


class Server(ThreadingHTTPServer):
    """Closes each connection after an answer, and knows the paths that it was asked for."""

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = status
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "70000")
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):  # who asked may have seen enough
            self.wfile.write(b"x" * 70_000)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def counting(status: int = 200) -> Iterator[tuple[int, list[str]]]:
    """The port of a server, and the paths that it was asked for."""
    with Server(status) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port, server.asked
        finally:
            server.shutdown()
            thread.join()


def requests(count: int) -> list[bytes]:
    return [f"GET /{n} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for n in range(count)]


@pytest.fixture(scope="module")
def gunners() -> Iterator[Gunners]:
    made = Gunners(processes=2, connections=4)
    yield made
    made.close()


@pytest.mark.slow
def test_each_request_is_sent_once_and_timed(gunners: Gunners) -> None:
    with counting() as (port, asked):
        shots = gunners.fire_once(port, requests(21))
    assert sorted(asked) == sorted(f"/{n}" for n in range(21))
    assert len(shots.milliseconds) == 21
    assert 0 < shots.p50() <= shots.p99() <= max(shots.milliseconds)
    assert shots.rate() == pytest.approx(21 / shots.seconds)


@pytest.mark.slow
def test_a_volley_goes_on_where_the_last_one_stopped(gunners: Gunners) -> None:
    ring = Ring(requests(8), gunners.processes)
    with counting() as (port, asked):
        sent = sum(len(gunners.fire(port, ring, 0.05).milliseconds) for _time in range(3))
    times = [asked.count(f"/{n}") for n in range(8)]
    assert sum(times) == sent
    for process in range(2):
        own = times[process::2]
        assert max(own) - min(own) <= 1


@pytest.mark.slow
def test_an_answer_that_is_none_ends_the_bench(gunners: Gunners) -> None:
    with counting(503) as (port, _asked), pytest.raises(RuntimeError):
        gunners.fire_once(port, requests(3))


@pytest.mark.slow
def test_the_answer_page_stands_beside_a_bare_handler(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench", "answers", "--json"]
    done = subprocess.run(
        [*command, "--rounds", "1", "--seconds", "0.2", "--connections", "4", "--no-peers"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["load"]["connections"] == 4
    assert set(found["answers"]) == {"sqlite", "postgresql"}
    for ways in found["answers"].values():
        assert ways["empty_per_s"] > 0
        for way in ("GET", "POST", "first GET"):
            figures = ways[way]
            assert figures["ratio"] > 0
            assert figures["docket_per_s"] > 0
            assert figures["bare_per_s"] > 0
            assert 0 < figures["p50_ms"] <= figures["p99_ms"]
            assert figures["server"].startswith("granian")
            assert "--blocking-threads" in figures["settings"]
