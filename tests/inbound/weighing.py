"""`python -m tests.inbound.weighing`: a door and a desk as a process of their own, to be weighed.

Says the door's port; at each line on stdin it files what came, and says what became of it.
"""

import json
import sys
import time

from sqlalchemy import select

from app.inbound import filing
from app.inbound.listening import listening
from app.inbound.models import InboundMail
from app.services import Services
from app.tables import metadata


def peak() -> int:
    """Megabytes. Not getrusage, which in a child begins with what its parent had."""
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["VmHWM"].split()[0]) // 1024


def say(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main() -> None:
    services = Services.from_environment()
    metadata.create_all(services.database.engine)
    with listening(services) as port:
        say(port=port, peak=peak())
        for line in sys.stdin:
            door = peak()
            begun = time.monotonic()
            filing.file_due(services)
            seconds = time.monotonic() - begun
            with services.database.reading() as session:
                mail = session.scalars(select(InboundMail)).one()
                state, why = mail.state, f"{mail.kind} {mail.why}"
            say(door=door, filing=peak(), seconds=seconds, state=state, why=why, line=line)
    services.database.close()


if __name__ == "__main__":
    main()
