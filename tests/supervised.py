"""`python -m tests.supervised PROGRAMS`: a supervisor over the programs of a JSON object.

A program is a name and Python source; "a needs b" is one that needs the program b. Waits are short,
so that a test need not wait either.
"""

import json
import os
import sys

from app import supervisor

supervisor.FIRST_DELAY = 0.01
supervisor.STOP_SECONDS = 1.0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(programs: dict[str, str]) -> None:
    running = supervisor.Supervisor(
        [
            supervisor.Program(
                name.partition(" needs ")[0],
                (sys.executable, "-u", "-c", source),
                needs=tuple(filter(None, name.partition(" needs ")[2:])),
            )
            for name, source in programs.items()
        ],
        os.environ,
        say,
    )
    try:
        running.run(lambda: True, lambda: say("ready"))
    except supervisor.GaveUp as error:
        say("\n".join(["gave up on", error.name, *error.tail]))
        sys.exit(1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
