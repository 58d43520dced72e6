"""`python -m app.local_inbox FOLDER PORT`: the local inbox as a process of its own."""

import signal
import sys
import threading
from pathlib import Path

from app.mail.inbox import run

HOST = "127.0.0.1"


def main(folder: str, port: str) -> None:
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    run(Path(folder), HOST, int(port), stopping)


if __name__ == "__main__":
    main(*sys.argv[1:])
