"""Mail that is built to hurt: kept, put aside where it is too strange, in little memory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.inbound.sorting.strangeness import why_strange
from tests.inbound.doors import DOMAIN, raw
from tests.inbound.nasty_mail import NASTY
from tests.live import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read in /proc"),
]
MOST = 200  # megabytes


class Weighed:
    def __init__(self, running: "subprocess.Popen[str]") -> None:
        self._running = running
        self.port = int(self._heard()["port"])

    def file(self) -> dict[str, Any]:
        assert self._running.stdin
        self._running.stdin.write("\n")
        self._running.stdin.flush()
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._running.stdout
        return dict(json.loads(self._running.stdout.readline()))


@contextmanager
def weighed(folder: Path) -> Iterator[Weighed]:
    environ = {
        **os.environ,
        "DATA_DIR": str(folder),
        "MAIL_DOMAIN": DOMAIN,
        "INBOUND_PORT": "0",
        "LOG_FORMAT": "json",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.inbound.weighing"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield Weighed(running)
        finally:
            running.kill()


@pytest.mark.parametrize("name", NASTY)
def test_it_is_kept_and_harms_nothing(name: str, tmp_path: Path) -> None:
    content = NASTY[name]()
    with weighed(tmp_path) as process:
        with raw(process.port) as client:
            client.ask("MAIL FROM:<a@b.example>")
            client.ask(f"RCPT TO:<x@{DOMAIN}>")
            client.ask("DATA")
            begun = time.monotonic()
            stuffed = content.replace(b"\r\n.", b"\r\n..")
            client.send(stuffed + (b"" if content.endswith(b"\r\n") or not content else b"\r\n"))
            client.send(b".\r\n")
            assert client.reply().startswith("250 2.0.0")
            seconds = time.monotonic() - begun
        found = process.file()
    print(  # noqa: T201 - figures for whoever asks with -s
        f"\n{name}: kept in {seconds:.2f} s and {found['door']} MB; filed in "
        f"{found['seconds']:.2f} s and {found['filing']} MB; {found['state']}: {found['why']}"
    )
    assert found["state"] == ("quarantined" if why_strange(content) else "sorted")
    assert max(found["door"], found["filing"]) < MOST
