"""`bin/bench` measures what it says it does; how fast a machine is, is no matter of a test."""

import json
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.bench import canned, postfix_sink
from tests.bench.crashing.recording import recording
from tests.bench.delivering import signing
from tests.bench.delivery import delivery
from tests.bench.sink import Session, Tally, sink
from tests.live import ROOT

FIGURES = {
    "limit_per_s",
    "naive_per_s",
    "docket_per_s",
    "share_of_limit",
    "ratio_to_naive",
    "fill_per_s",
    "fill_ratio_to_naive",
    "peak_rss_mb",
    "prepare_per_s",
}
PIECES = [b"a", b".", b"..", b"\r", b"\n", b"\r\n", b"\r\n.", b".\r\n", b"\n.\n"]
BODIES = st.lists(
    st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join), min_size=1, max_size=4
)


@pytest.mark.slow
def test_each_figure_stands_beside_a_naive_one() -> None:
    command = [sys.executable, "-m", "tests.bench", "--rounds", "1", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    figures = {figure["name"]: figure for figure in json.loads(done.stdout)["figures"]}
    assert set(figures) == {"import", "compile", "fill", "dkim", "answer page"}
    for figure in figures.values():
        assert figure["ours"] > 0
        assert figure["naive"] > 0
        assert figure["naive_way"]


@given(bodies=BODIES, seed=st.integers(0, 1 << 16))
def test_the_sink_counts_every_message_however_its_bytes_come(
    bodies: list[bytes], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tally") / "tally"
    path.touch()
    tally, numbers = Tally(path), random.Random(seed)
    messages = [_on_the_wire(body) for body in bodies]
    said = b"".join(canned.ENVELOPE + message for message in messages) + canned.QUIT
    ours, its = socket.socketpair()
    with ours, its:
        session = Session(its, tally)
        while said:
            end = numbers.randint(1, len(said))
            ours.sendall(said[:end])
            said = said[end:]
            assert session.ready() == bool(said)
        # The CRLF of its DATA counts with each.
        assert tally.totals()[:2] == (len(messages), sum(len(m) + 2 for m in messages))
        codes = [reply[:3] for reply in ours.recv(65_536).splitlines()]
    tally.close()
    assert codes == [b"220", *[b"250", b"250", b"354", b"250"] * len(messages), b"221"]


def _on_the_wire(body: bytes) -> bytes:
    """RFC 5321 4.5.2."""
    stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]
    return stuffed + (b"" if stuffed.endswith(b"\r\n") or not stuffed else b"\r\n") + b".\r\n"


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_a_sink_of_several_processes_counts_what_canned_bytes_it_is_sent(processes: int) -> None:
    with sink(2) as taking:
        assert canned.rate(taking.host, taking.port, processes, 80, 70_000) > 0
        assert (taking.messages, taking.size) == (80, 80 * 70_002)


@pytest.mark.slow
def test_the_recording_sink_knows_each_message_by_its_id(tmp_path: Path) -> None:
    envelope = canned.ENVELOPE
    with recording(tmp_path) as (taking, log):
        with socket.create_connection((taking.host, taking.port)) as client:
            for number in range(3):
                words = b"To: x\r\nMessage-ID: <%d@x>\r\n\r\n" % number + b"a" * 9000
                client.sendall(envelope + words + b"\r\n.\r\n")
            client.sendall(canned.QUIT)
            while client.recv(4096):
                pass
        assert log.since_last() == ["<0@x>", "<1@x>", "<2@x>"]
        assert log.since_last() == []


@pytest.mark.parametrize("address", ["mail.example.org:25", "192.0.2.1:25", "127.0.0.1", ":25"])
def test_a_bench_sends_to_this_machine_alone(address: str) -> None:
    done = CliRunner().invoke(delivery, ["--sink", address])
    assert done.exit_code == 2
    assert "on this machine" in done.output


@pytest.mark.slow
@pytest.mark.skipif(postfix_sink.program() is None, reason="smtp-sink is not installed")
def test_postfix_own_sink_takes_canned_bytes_too() -> None:
    with postfix_sink.postfix_sink() as taking:
        assert canned.rate(taking.host, taking.port, 1, 40, 70_000) > 0


@pytest.mark.slow
def test_delivery_is_measured_from_end_to_end_on_both_databases() -> None:
    arguments = ["--recipients", "64", "--rounds", "1", "--size", "small", "--json"]
    figures = json.loads(CliRunner().invoke(delivery, arguments, catch_exceptions=False).stdout)
    assert figures.keys() == FIGURES
    for name in ("docket_per_s", "share_of_limit", "ratio_to_naive"):
        assert {kind: set(rates) for kind, rates in figures[name].items()} == {
            "sqlite": {"1", "2"},
            "postgresql": {"1", "2"},
        }
        assert all(rate > 0 for rates in figures[name].values() for rate in rates.values())
    assert figures["prepare_per_s"].keys() == {"sqlite", "postgresql"}
    assert all(figures[name] > 0 for name in FIGURES if name.endswith("_mb") or "fill" in name)


@pytest.mark.slow
def test_signed_mail_is_measured_beside_bare_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "ROUNDS", 1)
    arguments = ["--recipients", "16", "--rounds", "1", "--size", "small", "--workers", "1"]
    done = CliRunner().invoke(
        delivery, [*arguments, "--database", "sqlite", "--dkim", "--json"], catch_exceptions=False
    )
    figures = json.loads(done.stdout)
    assert figures["signatures_per_s"]["1"] > 0
    assert figures["share_of_signatures"]["sqlite"]["1"] > 0
