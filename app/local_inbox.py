"""`python -m app.local_inbox FOLDER PORT`: the local inbox as a process of its own.

Where Docket takes mail, the same process holds its door; and what comes to the inbox for addresses
of ours goes in there too, so that whoever answers a mail out of the inbox can use either port.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from app.config import load
from app.mail.inbox import HandOn, nobody, run

HOST = "127.0.0.1"


def main(folder: str, port: str) -> None:
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    with _door() if load().takes_mail else nullcontext(nobody) as hand_on:
        run(Path(folder), HOST, int(port), stopping, hand_on)


@contextmanager
def _door() -> Iterator[HandOn]:
    # They take their memory: only where mail is taken.
    from app.inbound.listening import InboundClerk, listening
    from app.logs import set_up as set_up_logs
    from app.services import Services

    services = Services.from_environment()
    set_up_logs(services.settings)
    try:
        with listening(services):
            yield InboundClerk(services).take_ours
    finally:
        services.database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
