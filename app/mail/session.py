"""A session with a relay, without what it is for: opening it, matching each reply with the oldest
command outstanding, and its end. Bytes in, bytes out; no socket, no clock."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence

from app.mail.answers import Answer, Stage, sort_failure, sort_reply
from app.mail.extensions import Extensions
from app.mail.opening import Opening, Refused
from app.mail.outgoing import Outgoing
from app.mail.relay import Relay
from app.mail.replies import Reader
from app.mail.steps import Step


class Session(ABC):
    """When `trouble` is set, nothing can be sent over this connection any more, and it says why;
    `polite` then says whether QUIT is still in order."""

    __slots__ = (
        "_answers", "_dedicated", "_expected", "_handlers", "_name", "_opening", "_reader",
        "offered", "outgoing", "polite", "trouble",
    )  # fmt: skip

    def __init__(self, relay: Relay) -> None:
        self._name, self._dedicated = relay.name, relay.dedicated
        self._reader = Reader()
        self._opening: Opening | None = Opening(relay)
        self._expected: deque[Step] = deque((Step.OPENING,))
        self._handlers: Sequence[Callable[[int, bytes], None]] = ()  # in the order of Step
        self._answers: list[Answer] = []
        self.offered = Extensions()
        self.outgoing = Outgoing()
        self.trouble: Answer | None = None
        self.polite = False

    def called(self, name: str) -> None:
        """What we call ourselves: a host name or an address literal (RFC 5321 4.1.3)."""
        if self._opening is not None:
            self._opening.name = name

    @property
    def opening(self) -> bool:
        return self._opening is not None

    @property
    def wants_tls(self) -> bool:
        return self._opening is not None and self._opening.wants_tls

    @property
    def stage(self) -> Stage:
        """What is waited for."""
        return self._opening.stage if self._opening is not None else self._stage()

    def receive(self, data: bytes) -> Sequence[Answer]:
        answers: list[Answer] = []
        self._answers = answers
        handlers, expected = self._handlers, self._expected
        for code, text in self._reader.feed(data):
            if self.trouble is not None:
                return answers
            if expected:
                handlers[expected.popleft()](code, text)
            else:
                self._unasked(code, text)
        if self._reader.broken is not None and self.trouble is None:
            self._break(f"unexpected answer {decoded(self._reader.broken)}")
        return answers

    def quit(self) -> None:
        """Say QUIT, when `idle` or `polite`; whatever the relay says to it is of no interest."""
        self.outgoing.command(b"QUIT\r\n")

    def secured(self) -> None:
        """TLS is up."""
        if self._opening is None or not self._reader.between:
            # What was said in the clear must not count as said under TLS.
            self._break("the relay spoke out of turn before TLS")
            return
        self._expected.append(Step.OPENING)
        self.outgoing.command(self._opening.secured())

    def lost(self, words: str, *, timed_out: bool = False) -> Sequence[Answer]:
        """The connection is gone, or given up: what that means for the letters in hand."""
        answers: list[Answer] = []
        self._answers = answers
        if self.trouble is None:
            self._give_up(words, suspicious=timed_out)
        return answers

    def _on_opening(self, code: int, text: bytes) -> None:
        opening = self._opening
        if opening is None:
            raise RuntimeError("the session is open already")
        try:
            said = opening.reply(code, text)
        except Refused as refused:
            self.polite = refused.answer.code != 421
            self.trouble, self._opening = refused.answer, None
            return
        if said is not None:
            self._expected.append(Step.OPENING)
            self.outgoing.command(said)
        elif opening.done:
            self._opening, self.offered = None, opening.offered
            self._opened()

    def _unasked(self, code: int, text: bytes) -> None:
        self._break(f"unexpected answer {code} {decoded(text)}")

    def _unexpected(self, step: Step, code: int, text: bytes) -> None:
        self._expected.appendleft(step)
        self._break(f"unexpected answer {code} {decoded(text)}")

    def _break(self, words: str) -> None:
        """Whose turn it is cannot be told any more."""
        self._give_up(words, suspicious=True)

    def _give_up(self, words: str, *, suspicious: bool) -> None:
        """`suspicious`: the relay may not be up to what it offers."""
        if suspicious:
            self._suspect()
        self._end(sort_failure(self.stage, words, self._name), words)

    @abstractmethod
    def _opened(self) -> None:
        """The opening is done: `offered` is known."""

    @abstractmethod
    def _stage(self) -> Stage:
        """What is waited for, once the session is open."""

    @abstractmethod
    def _suspect(self) -> None:
        """The relay went wrong in what is outstanding."""

    @abstractmethod
    def _end(self, trouble: Answer, words: str) -> None:
        """Nothing more: `trouble` is why, `words` is what letters in hand are told."""

    def _sorted(self, stage: Stage, code: int, text: bytes) -> Answer:
        return sort_reply(stage, code, decoded(text), self._name, self._dedicated)


def decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
