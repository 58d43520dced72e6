"""Structured logs: one line per event, `key=value` or JSON, never an address, a token or a row.

Code logs words and puts values beside them: `log.info("frozen", extra={"issue": 3})`. Whatever
still looks like an address or one of our tokens is blotted out, and an exception is told by its
type and place alone, since its own words may repeat a row.
"""

import json
import logging
import math
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from traceback import walk_tb

from sqlalchemy.exc import OperationalError

from app.config import Settings

ADDRESS = "[address]"
TOKEN = "[token]"  # noqa: S105 - what stands instead of one
LONGEST_REASON = 200
# APScheduler tells of each tick, Alembic of each migration, at INFO.
QUIET = ("apscheduler", "alembic")

_OURS = ("app.", "newsletters.")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_QUOTED_LOCAL_PART = re.compile(r'"[^"]*"(?=@)')  # RFC 5321 4.1.2: may hold spaces
_WORD = re.compile(r"\S+")
_AT = re.compile(r"[@\uff20\ufe6b]|%40|=40|&#64;|&commat;", re.IGNORECASE)
# app.links: ids in base 36, dots, 24 letters of base 32; what may follow is the seal of a form.
_TOKEN = re.compile(r"(?:[0-9a-z]{1,13}\.){1,3}[a-z2-7]{24}[\w.=-]*", re.IGNORECASE)
_BARE = re.compile(r'[^\s"=\\]+')

Fields = Mapping[str, object]
log = logging.getLogger("docket")


def set_up(settings: Settings) -> None:
    """Log to stderr as LOG_FORMAT says. Nothing changes where logging is set up already (tests, a
    program around us), as with `logging.basicConfig`."""
    root = logging.getLogger()
    if root.handlers:
        return
    handler = _Stderr()
    handler.setFormatter(Formatter(RENDERERS[settings.log_format]))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    # The interpreter's own words on what nobody caught hold the exception's message.
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, None)


def redacted(text: str) -> str:
    """`text` without anything that looks like an e-mail address or one of our tokens. It takes too
    much rather than too little: the whole word around an @ goes. Time linear in its length."""
    if _AT.search(text):
        text = _WORD.sub(_without_address, _QUOTED_LOCAL_PART.sub("x", text))
    return _TOKEN.sub(TOKEN, text)


def in_a_line(error: BaseException) -> str:
    """Type and place of an error, and its reason where that cannot repeat a row."""
    reason = " ".join(redacted(_reason(error)).split())[:LONGEST_REASON]
    where = _place(error)
    told = f"{type(error).__name__} at {where}" if where else type(error).__name__
    return f"{told}: {reason}" if reason else told


class Formatter(logging.Formatter):
    def __init__(self, render: Callable[[Fields], str]) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        return self._render(dict(_fields(record)))


def as_text(fields: Fields) -> str:
    """`key=value key="two words"`: what is called logfmt."""
    return " ".join(f"{key}={_logfmt_value(value)}" for key, value in fields.items())


def as_json(fields: Fields) -> str:
    return json.dumps(fields)


RENDERERS: Mapping[str, Callable[[Fields], str]] = {"text": as_text, "json": as_json}


class _Stderr(logging.Handler):
    """Writes whole lines to what stderr is at the time. A line that cannot be made says where, and
    not, as the library would, its arguments; one that cannot be written stops nobody's work."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:
            place = f"{record.module}:{record.lineno}"
            line = as_text({"level": "error", "event": "a log line failed", "where": place})
        with suppress(Exception):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    at = datetime.fromtimestamp(record.created, UTC)
    yield "time", at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    yield "level", record.levelname.lower()
    yield "logger", record.name
    yield "event", redacted(record.getMessage())
    for key, value in vars(record).items():
        if key not in _STANDARD:
            yield key, _plain(value)
    if record.exc_info and record.exc_info[1]:
        error = record.exc_info[1]
        yield "error", in_a_line(error)
        yield "stack", " ".join(_places(error))


def _plain(value: object) -> object:
    """Numbers and truths as they are, everything else as redacted text."""
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return redacted(value.isoformat() if isinstance(value, datetime) else str(value))


def _logfmt_value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if _BARE.fullmatch(text) and text.isprintable():
        return text
    # Escaped where a control character or a mark of direction could forge or hide a line.
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _without_address(word: re.Match[str]) -> str:
    return ADDRESS if _AT.search(word[0]) else word[0]


def _reason(error: BaseException) -> str:
    """The system's or the database's own words on why it does not work."""
    if isinstance(error, OperationalError):
        return str(error.orig).strip().partition("\n")[0]
    return error.strerror or "" if isinstance(error, OSError) else ""


def _place(error: BaseException) -> str:
    """The innermost line of ours that it passed, as module:line."""
    places = list(_places(error))
    ours = [place for place in places if place.startswith(_OURS)]
    return (ours or places or [""])[-1]


def _places(error: BaseException) -> Iterator[str]:
    """module:line of each frame, outermost first: no path of this machine."""
    for frame, line in walk_tb(error.__traceback__):
        yield f"{frame.f_globals.get('__name__', '?')}:{line}"


def _log_uncaught(kind: type[BaseException], error: BaseException | None, _trace: object) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        log.critical("nobody caught this", exc_info=error or kind())
