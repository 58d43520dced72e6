"""What the doors' tests share: the door open in this process, and what came through it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import undefer

from app.db import Database
from app.inbound import pieces
from app.inbound.listening import listening
from app.inbound.models import InboundMail
from app.services import Services

HOST = "127.0.0.1"
DOMAIN = "news.example.org"


@dataclass(frozen=True)
class Kept:
    """One mail as it is stored."""

    id: int
    raw: bytes
    size: int
    state: str
    arrivals: tuple[tuple[str, str | None, str], ...]  # door, envelope sender, recipient


def kept(services: Services) -> list[Kept]:
    with services.database.reading() as session:
        mails = session.scalars(
            select(InboundMail).options(undefer(InboundMail.raw)).order_by(InboundMail.id)
        )
        return [
            Kept(
                mail.id,
                pieces.whole(services.vault, mail),
                mail.size,
                mail.state,
                tuple((one.door, one.envelope_from, one.recipient) for one in mail.arrivals),
            )
            for mail in mails
        ]


@contextmanager
def door(services: Services) -> Iterator[int]:
    settings = replace(services.settings, mail_host=HOST, mail_port=0)
    with listening(replace(services, settings=settings)) as port:
        yield port


def without_database(services: Services) -> Services:
    """As long as its database does not answer."""
    return replace(services, database=Database("postgresql+psycopg://127.0.0.1:1/none"))


class Raw:
    """A connection on which bytes go as they are."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=30)
        self._replies = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def reply(self) -> str:
        """One reply, its last line."""
        while True:
            line = self._replies.readline().decode()
            assert line, "the connection ended"
            if line[3:4] != "-":
                return line.rstrip()

    def ask(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def close(self) -> None:
        self._replies.close()
        self._socket.close()


@contextmanager
def raw(port: int, greeting: str = "EHLO client.example") -> Iterator[Raw]:
    connection = Raw(port)
    try:
        assert connection.reply().startswith("220")
        assert connection.ask(greeting).startswith("250")
        yield connection
    finally:
        connection.close()
