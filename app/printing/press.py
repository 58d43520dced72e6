"""Letters become a PDF, in a process of its own (typesetting.py)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from flask_babel import gettext as _

from app.errors import Refused

SCRIPT = Path(__file__).with_name("typesetting.py")
PATIENCE = 60.0  # seconds
LACKING = 3  # as typesetting.py says it
# Where fonts are found, and libraries.
KEPT = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "XDG_DATA_DIRS", "XDG_DATA_HOME")
_one_at_a_time = Lock()  # a file takes some 300 MB while it is made


class Lacking(Exception):
    """Some characters are in no font of this machine."""

    def __init__(self, characters: list[str]) -> None:
        super().__init__("no font has them")
        self.characters = characters


def pdf(data: Mapping[str, Any], *, anyway: bool = False) -> bytes:
    """`data`: as letters.py makes it. Lacking, unless `anyway`: those show as empty boxes then.
    Refused when it takes too long."""
    return _run({"data": data, "characters": characters_of(data), "anyway": anyway})


def lacking(data: Any) -> list[str]:
    """Those characters of any texts that no font of this machine has, or the first of them."""
    characters = characters_of(data)
    if not characters:
        return []
    try:
        _run({"data": None, "characters": characters, "anyway": False})
    except Lacking as found:
        return found.characters
    return []


def characters_of(data: Any) -> str:
    """Each once."""
    return "".join(
        sorted({letter for text in _texts(data) for letter in text if ord(letter) > 126})
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _run(job: Mapping[str, Any]) -> bytes:
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    command = [sys.executable, "-I", "-W", "ignore", str(SCRIPT)]
    with _one_at_a_time:
        try:
            done = subprocess.run(  # noqa: S603 - ours, without arguments
                command,
                input=json.dumps(job).encode(),
                env=environ,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Refused(
                _("This takes too long. Nothing was printed: choose fewer members at a time.")
            ) from None
    if done.returncode == LACKING:
        raise Lacking(json.loads(done.stdout))
    if done.returncode:
        # Its words may hold what people wrote.
        raise RuntimeError(f"the letters could not be set (exit {done.returncode})")
    return done.stdout
