"""A door for mail that comes in: SMTP (RFC 5321) and LMTP (RFC 2033) on one port.

The greeting tells them apart: LHLO gets an answer for each recipient, EHLO one for all. aiosmtpd
speaks the protocol. DATA is ours, for mail as it is: with lines of any length, and large without
being held in memory. Whoever keeps mail stands behind it as a Clerk.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from app.mail.spool import Spool
from app.mail.transparency import DataReader

SIZE_LIMIT = 64 * 1024 * 1024
MOST_CONNECTIONS = 200
MOST_RECIPIENTS = 100
COMMAND_SECONDS = 120.0
DATA_SECONDS = 600.0  # for a whole mail; RFC 5321 4.5.3.2.6
THREADS = 4
STOP_SECONDS = 5.0
TRY_AGAIN = "451 4.3.0 Something went wrong here; try again later"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Taken:
    """`sender`: empty for the null sender."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


def sender_of(mail_from: str) -> str:
    """aiosmtpd shows the null sender as <>."""
    return "" if mail_from == "<>" else mail_from


class Clerk(Protocol):
    """Both are called in threads, and answer with an SMTP reply."""

    def takes(self, address: str) -> str:
        """Whether mail for this address may come in: a reply to RCPT."""

    def keep(self, mail: Taken) -> str:
        """A reply of 250 says that it will not be lost."""


class Hall:
    """What all connections share. Of mails that are not small, one is kept at a time."""

    def __init__(self, clerk: Clerk, spool: Path) -> None:
        self.clerk = clerk
        self.spool = spool
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="door")
        self.connections = 0
        self.keeping = 0  # mails just now
        self._one_large = asyncio.Semaphore(1)

    async def ask(self, function: Callable[..., str], *arguments: object) -> str:
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *arguments)

    async def keep(self, sender: str, recipients: tuple[str, ...], content: Spool) -> str:
        """Goes on when the client is gone: it will bring the mail again, which does no harm."""
        large = not content.in_memory
        if large:
            await self._one_large.acquire()
        mail = Taken(sender, recipients, content.read())
        kept = asyncio.get_running_loop().run_in_executor(self.threads, self.clerk.keep, mail)
        del mail
        self.keeping += 1

        def done(_kept: object) -> None:
            self.keeping -= 1
            if large:
                self._one_large.release()

        kept.add_done_callback(done)
        return await asyncio.shield(kept)

    # What follows are aiosmtpd's hooks.

    async def handle_EHLO(  # noqa: N802
        self, _door: SMTP, session: Session, _envelope: Envelope, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name
        return [*replies[:-1], "250-PIPELINING", replies[-1]]

    async def handle_RCPT(  # noqa: N802
        self,
        _door: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients at once"  # RFC 5321 4.5.3.1.10: the rest follow
        reply = await self.ask(self.clerk.takes, address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_exception(self, error: Exception) -> str:
        log.error("a connection failed", exc_info=error)
        return TRY_AGAIN


class Door(SMTP):
    """One connection."""

    def __init__(self, hall: Hall, name: str) -> None:
        self._hall = hall
        self._lmtp = False
        super().__init__(
            hall,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname=name,
            ident="Docket",
            timeout=COMMAND_SECONDS,
            loop=asyncio.get_running_loop(),
        )

    async def _handle_client(self) -> None:
        if self._hall.connections >= MOST_CONNECTIONS:
            await self.push("421 4.3.2 Too many connections; try again later")
            self._writer.close()
            return
        self._hall.connections += 1
        try:
            await super()._handle_client()
        finally:
            self._hall.connections -= 1

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802
        self._lmtp = True
        await super().smtp_EHLO(arg)

    @syntax("EHLO hostname")
    async def smtp_EHLO(self, arg: str) -> None:  # noqa: N802
        self._lmtp = False
        await super().smtp_EHLO(arg)

    @syntax("HELO hostname")
    async def smtp_HELO(self, arg: str) -> None:  # noqa: N802
        self._lmtp = False
        await super().smtp_HELO(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        recipients = tuple(self.envelope.rcpt_tos)
        if not recipients:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self._reset_timeout(DATA_SECONDS)
        reply = await self._taken(sender_of(self.envelope.mail_from or ""), recipients)
        self._reset_timeout()
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        for _recipient in recipients if self._lmtp else recipients[:1]:
            await self.push(reply)

    async def _taken(self, sender: str, recipients: tuple[str, ...]) -> str:
        """The reply to a whole mail."""
        content = Spool(self._hall.spool, SIZE_LIMIT)
        try:
            await self._read_into(content)
            return content.refusal or await self._hall.keep(sender, recipients, content)
        except ConnectionError:
            raise
        except Exception as error:
            return await self._hall.handle_exception(error)
        finally:
            content.close()

    async def _read_into(self, content: Spool) -> None:
        data = DataReader()
        while data.rest is None:
            piece = await self._reader.read(SIZE_LIMIT)  # as much as there is
            if not piece:
                raise ConnectionResetError
            content.write(data.feed(piece))
        if data.rest:  # the next command came along (RFC 2920)
            self._reader.feed_data(data.rest)


class DoorController(Controller):
    """The door in a thread of its own; `stop()` waits for what is just being kept. Port 0 means any
    free one; `port` then tells which."""

    def __init__(self, clerk: Clerk, spool: Path, host: str, port: int, name: str) -> None:
        # Its log has everybody's addresses in it.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._hall = Hall(clerk, spool)
        self._name = name
        super().__init__(self._hall, hostname=host, port=port)

    def factory(self) -> Door:
        return Door(self._hall, self._name)

    def stop(self, no_assert: bool = False) -> None:
        if self.server is not None:
            self.loop.call_soon_threadsafe(self.server.close)
        deadline = monotonic() + STOP_SECONDS
        while self._hall.keeping and monotonic() < deadline:
            sleep(0.02)  # a client that gets no answer brings its mail again
        super().stop(no_assert)
        self._hall.threads.shutdown()

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        with suppress(OSError):
            super()._trigger_server()  # type: ignore[no-untyped-call]
