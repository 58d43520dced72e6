"""SMTP out, waiting for each answer: for a few messages, and for trying a relay out. The pool is
for many."""

import selectors
import ssl
from collections.abc import Sequence
from typing import Self

from app.mail.answers import Answer, Stage, says_nothing, sort_failure, unsendable
from app.mail.connection import (
    READ,
    Address,
    Connection,
    limit,
    look_up,
    tls_context,
    words_of,
)
from app.mail.envelope import Unsendable
from app.mail.letter import Letter
from app.mail.relay import Relay
from app.mail.timeouts import USUAL, Timeouts

_PARTING = 5.0  # seconds, at most, to wait for the answer to QUIT


class _Lost(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text)
        self.answer = answer


class Client:
    """Hands messages to one relay, over a connection that is opened when needed and used again.
    Not shared between threads."""

    def __init__(self, relay: Relay, timeouts: Timeouts = USUAL) -> None:
        self.relay = relay
        self._timeouts = timeouts
        self._connection: Connection | None = None
        self._pipelining = self._chunking = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        return self.relay.name

    def send(self, sender: str, recipient: str, message: bytes) -> Answer:
        """Hand over one message (CRLF line ends, not dot-stuffed); never raises for what a
        relay or a network may do."""
        letter = Letter(sender, recipient, message)
        kept = self._connection is not None
        answer = self._attempt(letter)
        return self._attempt(letter) if kept and says_nothing(answer) else answer

    def probe(self) -> str:
        """Connect and say hello; what is wrong, or nothing."""
        try:
            self._open()
        except _Lost as lost:
            return f"{lost.answer.code or ''} {lost.answer.text}".strip()
        return ""

    def close(self) -> None:
        """Say QUIT, as far as the relay listens."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._part(connection)

    def _attempt(self, letter: Letter) -> Answer:
        try:
            connection = self._open()
            connection.dialogue.offer(letter)
        except _Lost as lost:
            return lost.answer
        except Unsendable as error:
            return unsendable(str(error))
        return self._talk(connection)

    def _talk(self, connection: Connection) -> Answer:
        """Until the letter has its answer, and the next one could be offered."""
        dialogue = connection.dialogue
        answers: list[Answer] = []
        while dialogue.trouble is None and not (answers and dialogue.idle):
            if dialogue.go:
                dialogue.start()
            answers += self._move(connection)
        if dialogue.trouble is not None:
            self._chunking = self._chunking and not dialogue.chunking_failed
            self._pipelining = self._pipelining and not dialogue.pipelining_failed
            self.close()
        return answers[0]

    def _open(self) -> Connection:
        if self._connection is None:
            try:
                context, addresses = tls_context(self.relay), look_up(self.relay)
                self._connection = self._first_that_answers(addresses, context)
            except OSError as error:
                lost = sort_failure(Stage.CONNECT, words_of(error), self.name)
                raise _Lost(lost) from error
        return self._connection

    def _first_that_answers(
        self, addresses: Sequence[Address], context: ssl.SSLContext | None
    ) -> Connection:
        trouble = sort_failure(Stage.CONNECT, "the host has no address", self.name)
        for address in addresses:
            connection = self._connect(address, context)
            if connection.dialogue.trouble is None:
                return connection
            trouble = connection.dialogue.trouble
            self._part(connection)
            if trouble.stage is not Stage.CONNECT or trouble.code is not None:
                break
        raise _Lost(trouble)

    def _connect(self, address: Address, context: ssl.SSLContext | None) -> Connection:
        """A connection that is ready for letters, or in trouble."""
        connection = Connection(
            self.relay,
            address,
            context,
            pipelining=self._pipelining,
            chunking=self._chunking,
        )
        while connection.dialogue.opening and connection.dialogue.trouble is None:
            self._move(connection)
        return connection

    def _move(self, connection: Connection) -> Sequence[Answer]:
        """Write what is to be written, and read what comes, waiting at most as long as fits."""
        dialogue = connection.dialogue
        if dialogue.outgoing.size and (answers := connection.write()):
            return answers
        if dialogue.trouble is not None:
            return ()
        if not _wait(connection, limit(dialogue, self._timeouts), connection.wants):
            return dialogue.lost("timed out", timed_out=True)
        return connection.ready()

    def _part(self, connection: Connection) -> None:
        dialogue = connection.dialogue
        if dialogue.polite or dialogue.idle:
            dialogue.quit()
            connection.write()
            _wait(connection, min(_PARTING, self._timeouts.reply), READ)
        connection.close()


def _wait(connection: Connection, seconds: float, wants: int) -> bool:
    """Until the socket can do one of the things wanted; whether it can."""
    with selectors.PollSelector() as selector:
        selector.register(connection.sock, wants)
        return bool(selector.select(seconds))
