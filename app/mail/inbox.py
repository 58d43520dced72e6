"""The local inbox: a real SMTP server on this machine, whose mail lies as files in one folder.

An accepted message is two files: `<id>.eml`, the bytes exactly as they came, and `<id>.json`, its
envelope. The id sorts by time of arrival and holds no address.
"""

import asyncio
import itertools
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import compat32, default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.mail.hosts import is_loopback

SIZE_LIMIT = 64 * 1024 * 1024
_ID = re.compile(r"\d{20}-\d{6}")
_counter = itertools.count()

# Told of every mail, its sender and recipients, before it is kept; its words are the refusal.
HandOn = Callable[[str, tuple[str, ...], bytes], str]


@dataclass(frozen=True)
class Summary:
    id: str
    received: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str


@dataclass(frozen=True)
class Message:
    summary: Summary
    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str | None
    source: bytes


class Inbox:
    """Reads the folder; whatever lies in it, reading never raises."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def count(self) -> int:
        return sum(1 for _ in self.folder.glob("*.json"))

    def list(self, limit: int = 50, before: str = "", recipient: str = "") -> list[Summary]:
        """Newest first; only those older than the id `before`, only those to `recipient`."""
        found = (summary for summary in self._newest_first(before))
        wanted = (s for s in found if not recipient or _is_to(s, recipient))
        return list(itertools.islice(wanted, limit))

    def get(self, message_id: str) -> Message | None:
        """None when there is no such message, or the id is not one."""
        summary = self._summary(message_id)
        if summary is None:
            return None
        try:
            source = (self.folder / f"{message_id}.eml").read_bytes()
        except OSError:
            return None
        html, text = _bodies(source)
        return Message(summary, _headers(source), html, text, source)

    def _newest_first(self, before: str) -> Iterator[Summary]:
        ids = sorted((path.stem for path in self.folder.glob("*.json")), reverse=True)
        for message_id in ids:
            if before and message_id >= before:
                continue
            if summary := self._summary(message_id):
                yield summary

    def _summary(self, message_id: str) -> Summary | None:
        if not _ID.fullmatch(message_id):
            return None
        try:
            kept = json.loads((self.folder / f"{message_id}.json").read_text(encoding="utf-8"))
            return Summary(
                id=message_id,
                received=datetime.fromisoformat(kept["received"]),
                sender=str(kept["sender"]),
                recipients=tuple(str(recipient) for recipient in kept["recipients"]),
                subject=str(kept["subject"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


class _Controller(Controller):
    """Port 0 means any free one; `port` then tells which."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def nobody(_sender: str, _recipients: tuple[str, ...], _content: bytes) -> str:
    return ""


class _Handler:
    def __init__(self, folder: Path, hand_on: HandOn) -> None:
        self._folder = folder
        self._hand_on = hand_on

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        sender, recipients = envelope.mail_from or "", envelope.rcpt_tos
        try:
            refusal = await asyncio.to_thread(self._hand_on, sender, tuple(recipients), content)
            if refusal:
                return refusal
            await asyncio.to_thread(store, self._folder, sender, recipients, content)
        except OSError as error:
            return f"452 4.3.1 cannot keep the message: {error.strerror}"
        return "250 2.0.0 kept in the local inbox"


def store(folder: Path, sender: str, recipients: list[str], content: bytes) -> str:
    """Keep a message so that it is there whole or not at all; its id."""
    at = datetime.now(UTC)
    message_id = f"{at:%Y%m%d%H%M%S%f}-{next(_counter) % 1_000_000:06d}"
    envelope = {
        "received": at.isoformat(),
        "sender": sender,
        "recipients": recipients,
        "subject": _subject(content),
    }
    _write(folder / f"{message_id}.eml", content)
    # The envelope comes last: a message counts as kept when its envelope is there.
    _write(folder / f"{message_id}.json", json.dumps(envelope).encode())
    return message_id


def serve(folder: Path, host: str, port: int, hand_on: HandOn = nobody) -> Controller:
    """Start the server in a thread of its own; `stop()` ends it. ValueError beyond this machine."""
    if not is_loopback(host):
        raise ValueError("the local inbox takes mail from this machine only")
    folder.mkdir(parents=True, exist_ok=True)
    controller = _Controller(
        _Handler(folder, hand_on),
        hostname=host,
        port=port,
        data_size_limit=SIZE_LIMIT,
        enable_SMTPUTF8=True,
        decode_data=False,
        ident="Docket local inbox",
    )
    controller.start()
    return controller


def run(
    folder: Path, host: str, port: int, stopping: threading.Event, hand_on: HandOn = nobody
) -> None:
    """Serve until `stopping` is set."""
    controller = serve(folder, host, port, hand_on)
    try:
        stopping.wait()
    finally:
        controller.stop()


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(path.suffix + ".part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def _subject(content: bytes) -> str:
    parsed = BytesHeaderParser(policy=compat32).parsebytes(content[:65_536])
    raw = str(parsed.get("Subject", ""))
    try:
        return str(make_header(decode_header(raw)))
    except (UnicodeError, LookupError, MessageError, ValueError):
        return raw


def _headers(content: bytes) -> tuple[tuple[str, str], ...]:
    parsed = message_from_bytes(content, policy=compat32)
    return tuple((name, str(value)) for name, value in parsed.items())


def _bodies(content: bytes) -> tuple[str | None, str | None]:
    """(HTML, text) of the message, as far as they can be read."""
    try:
        parsed: Any = message_from_bytes(content, policy=default)
    except Exception:  # the parser raises whatever it stumbles over (IndexError, TypeError, ...)
        return None, None
    if not isinstance(parsed, EmailMessage):
        return None, None
    return _body(parsed, "html"), _body(parsed, "plain")


def _body(message: EmailMessage, kind: str) -> str | None:
    try:
        part = message.get_body((kind,))
        return None if part is None else str(part.get_content())
    except Exception:
        return None  # broken MIME: its source can still be looked at


def _is_to(summary: Summary, recipient: str) -> bool:
    wanted = recipient.casefold()
    return any(wanted in address.casefold() for address in summary.recipients)
