"""With DKIM: what the signature itself allows, and how near to it we come."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from app.mail.dkim_key import load_key

BITS = 2048
SIGNATURES = 3_000
ROUNDS = 3


@contextmanager
def key_file() -> Iterator[Path]:
    key = generate_private_key(public_exponent=65537, key_size=BITS)
    with tempfile.TemporaryDirectory(prefix="docket-bench-") as folder:
        path = Path(folder) / "dkim.pem"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        yield path


def beside(figures: Mapping[str, Any], key: Path, workers: Sequence[int]) -> dict[str, Any]:
    """`signatures_per_s` by processes that do nothing else, and Docket's share of it."""
    alone = {str(n): median(_alone(key, n) for _ in range(ROUNDS)) for n in workers}
    shares = {
        kind: {n: round(rate / alone[n], 3) for n, rate in rates.items()}
        for kind, rates in figures["docket_per_s"].items()
    }
    rounded = {n: round(rate, 1) for n, rate in alone.items()}
    return {"signatures_per_s": rounded, "share_of_signatures": shares}


def _alone(key: Path, processes: int) -> float:
    command = [sys.executable, "-m", "tests.bench.delivering.signing", str(key)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for one in running:
        assert one.stdout is not None
        one.stdout.readline()
    begun = time.perf_counter()
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    statuses = [one.wait() for one in running]
    took = time.perf_counter() - begun
    for one in running:
        one.communicate()
    if any(statuses):
        raise RuntimeError("the signatures were not made")
    return SIGNATURES * processes / took


def main(path: Path) -> None:
    """Sign nothing but digests, from the word on."""
    key = load_key(path.read_bytes())
    digest = os.urandom(32)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for _ in range(SIGNATURES):
        key.sign(digest)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
