"""The client's side of an SMTP session (RFC 5321): bytes in, bytes out; no socket, no clock.

    dialogue.receive(data)   what the relay says; gives the answers to letters, in their order
    dialogue.offer(letter)   MAIL, RCPT and DATA of a letter, when `ready`
    dialogue.start()         its body, when `go`; the next letter may be offered at once
    dialogue.outgoing        what is to be written

With PIPELINING (RFC 2920) the end of one letter goes out together with the envelope of the next,
so that each costs one round trip. Every reply is matched with the command that it answers, the
oldest one outstanding: a refusal in the middle shifts nothing. There is never more than one letter
whose fate is open.
"""

from collections import deque

from app.mail.answers import Answer, Outcome, Stage, sort_failure
from app.mail.envelope import envelope
from app.mail.letter import Letter
from app.mail.outgoing import stuffed
from app.mail.relay import Relay
from app.mail.session import Session
from app.mail.steps import ENVELOPE_FOR_BDAT, ENVELOPE_FOR_DATA, STAGES, Step

_DOT = Step.DOT
_NO_BDAT = (500, 502, 503, 504)  # the relay knows no BDAT, whatever it offered


class Dialogue(Session):
    """`pipelining_failed` and `chunking_failed`: better not use them with this relay, whatever it
    offers."""

    __slots__ = (
        "_chunked", "_chunking", "_coming", "_open", "_open_is_chunked", "_refused", "_reset",
        "_waiting", "chunking_failed", "go", "pipelining", "pipelining_failed",
    )  # fmt: skip

    def __init__(self, relay: Relay, *, pipelining: bool = True, chunking: bool = True) -> None:
        """Whether to use what the relay may offer."""
        super().__init__(relay)
        self._chunking = chunking
        self._chunked = self._open_is_chunked = False  # the coming letter; the open one
        self._waiting: deque[tuple[Step, bytes]] = deque()  # without PIPELINING: not yet said
        self._coming: Letter | None = None  # its envelope is under way, or accepted
        self._refused = False  # the letter of that envelope
        self._open = False  # a body was begun, and not answered yet
        self._reset = False  # RSET is due before the next MAIL
        self.pipelining = pipelining
        self.go = False  # the coming letter may start
        self.pipelining_failed = self.chunking_failed = False
        self._handlers = (  # in the order of Step
            self._on_opening,
            self._on_reset,
            self._on_mail,
            self._on_rcpt,
            self._on_data,
            self._on_dot,
            self._on_nothing,
        )

    @property
    def ready(self) -> bool:
        """A letter can be offered: with PIPELINING, beside an open one too."""
        if self._coming is not None or self._opening is not None or self.trouble is not None:
            return False
        expected = self._expected
        return not expected or (self.pipelining and expected[-1] is _DOT)

    @property
    def idle(self) -> bool:
        """Open for letters, and nothing is outstanding."""
        return self.ready and not self._expected

    @property
    def writing_body(self) -> bool:
        """A body is under way, and its end has not gone: the relay cannot have taken it."""
        return self._open and self.outgoing.holds_end

    def offer(self, letter: Letter) -> None:
        """The envelope. Unsendable, with nothing said, if this relay cannot take it."""
        lines = envelope(letter, self.offered)
        steps: tuple[Step, ...] = ENVELOPE_FOR_BDAT
        # BDAT saves the doubling of dots; where none need doubling, DATA is the better one: its
        # 354 shows that both sides are at the same place, whatever a relay said too much.
        self._chunked = self._chunking and not letter.dotless
        if not self._chunked:
            lines, steps = lines + "DATA\r\n", ENVELOPE_FOR_DATA
        if self._reset:
            lines, steps = "RSET\r\n" + lines, (Step.RSET, *steps)
        self._coming, self._refused, self._reset = letter, False, False
        if self.pipelining:
            self.outgoing.command(lines.encode())
            self._expected += steps
            return
        said = (line.encode() for line in lines.splitlines(keepends=True))
        self._waiting.extend(zip(steps, said, strict=True))
        self._say_next()

    def start(self) -> None:
        """The body of the letter whose envelope was accepted, and its end."""
        letter = self._coming
        if letter is None or not self.go:
            raise RuntimeError("no letter may start now")
        self.go, self._coming, self._open = False, None, True
        self._open_is_chunked = self._chunked
        self._expected.append(_DOT)
        message = letter.message
        if self._chunked:
            self.outgoing.body(b"BDAT %d LAST\r\n" % len(message), message)
            return
        whole = message.endswith(b"\r\n") or not message
        self.outgoing.body(
            message if letter.dotless else stuffed(message), b".\r\n" if whole else b"\r\n.\r\n"
        )

    def _opened(self) -> None:
        self.pipelining = self.pipelining and self.offered.pipelining
        self._chunking = self._chunking and self.offered.chunking

    def _stage(self) -> Stage:
        if self._expected:
            return Stage.DATA if self.writing_body else STAGES[self._expected[0]]
        return Stage.DATA if self.go else Stage.MAIL

    def _on_reset(self, code: int, text: bytes) -> None:
        if code >= 300:  # is the refused letter still there? Nobody can tell
            self._unexpected(Step.RSET, code, text)
        else:
            self._say_next()

    def _on_mail(self, code: int, text: bytes) -> None:
        if code >= 300:
            self._refuse(Step.MAIL, code, text)
        elif self._waiting:
            self._say_next()

    def _on_rcpt(self, code: int, text: bytes) -> None:
        if self._refused:
            self._skip(Step.RCPT, code, text)
        elif code >= 300:
            self._refuse(Step.RCPT, code, text)
        elif self._chunked:
            self.go = True
        elif self._waiting:
            self._say_next()

    def _on_data(self, code: int, text: bytes) -> None:
        if self._refused:
            self._on_data_of_refused(code, text)
        elif code == 354:
            self.go = True
        else:
            self._refuse(Step.DATA, code, text)

    def _on_data_of_refused(self, code: int, text: bytes) -> None:
        if code == 354:  # RFC 2920 3.1: end it at once, empty
            self._expected.append(Step.NOTHING)
            self.outgoing.command(b".\r\n")
        elif code < 400:
            self._unexpected(Step.DATA, code, text)
        else:
            self._skip(Step.DATA, code, text)

    def _on_dot(self, code: int, text: bytes) -> None:
        early = self.outgoing.size > 0 and self.writing_body
        if 300 <= code < 400 or (early and code < 400):
            self._unexpected(_DOT, code, text)
            return
        answer = self._sorted(Stage.DATA if early else Stage.DOT, code, text)
        if self._open_is_chunked and code in _NO_BDAT:
            self.chunking_failed = True
            answer = answer._replace(outcome=Outcome.RETRY)
        self._open = False
        self._answers.append(answer)
        if early or self.chunking_failed or answer.outcome is Outcome.RELAY_TROUBLE or code == 421:
            self._end(answer, f"the relay gave up before: {code}")

    def _on_nothing(self, code: int, text: bytes) -> None:
        self._skip(Step.NOTHING, code, text)

    def _refuse(self, step: Step, code: int, text: bytes) -> None:
        """Not this letter."""
        if code < 400:
            self._unexpected(step, code, text)
            return
        answer = self._sorted(STAGES[step], code, text)
        self._answers.append(answer)
        self._coming, self._refused = None, True
        self._reset = step is not Step.MAIL  # a MAIL that was accepted still stands
        self._waiting.clear()
        if answer.outcome is Outcome.RELAY_TROUBLE or code in (421, 503):
            self.polite = not self._expected and code != 421
            self._end(answer, answer.text)

    def _skip(self, step: Step, code: int, text: bytes) -> None:
        """What follows a refusal says nothing new, unless the session ends."""
        if 300 <= code < 400:
            self._unexpected(step, code, text)
        elif code == 421:
            self._end(self._sorted(STAGES[step], code, text), "the relay closes the session")

    def _suspect(self) -> None:
        expected = self._expected
        self.pipelining_failed = (
            self.pipelining and bool(expected) and expected[0] in (Step.RSET, *ENVELOPE_FOR_DATA)
        )

    def _end(self, trouble: Answer, words: str) -> None:
        self.trouble = trouble
        if self._open:
            stage = Stage.DATA if self.writing_body else Stage.DOT
            self._answers.append(sort_failure(stage, words, self._name))
        if self._coming is not None:
            stage = self._stage_of_coming()
            self._answers.append(sort_failure(stage, words, self._name))
        self._open, self._coming, self.go, self._opening = False, None, False, None
        self._expected.clear()
        self._waiting.clear()

    def _stage_of_coming(self) -> Stage:
        if self.go:
            return Stage.DATA
        return next(STAGES[step] for step in self._expected if step is not _DOT)

    def _say_next(self) -> None:
        if self._waiting:
            step, line = self._waiting.popleft()
            self._expected.append(step)
            self.outgoing.command(line)
