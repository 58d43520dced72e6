"""A relay without a socket, for the dialogue: it answers each command by what the test decided for
the recipient, and keeps what it took."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.mail.answers import Answer
from app.mail.dialogue import Dialogue
from app.mail.letter import Letter
from app.mail.relay import Relay

PLAIN = ""
PIPELINING = "PIPELINING\n8BITMIME"
CHUNKING = "PIPELINING\nCHUNKING"
SLOW_CHUNKING = "CHUNKING"
OFFERS = (PLAIN, PIPELINING, CHUNKING, SLOW_CHUNKING)

RELAY = Relay("smtp", "mx.example.org", 25)


@dataclass
class Model:
    """`decisions`: for a recipient, what is said at MAIL, RCPT, DATA or DOT instead of yes. The
    sender of its letter is the recipient, too, so that MAIL can be decided on."""

    decisions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    bodies_begun: int = 0

    def __post_init__(self) -> None:
        self._heard = b""
        self._mail = self._recipient = ""
        self._in_data = False
        self._chunk: int | None = None

    def hear(self, data: bytes) -> bytes:
        """What it says to these bytes."""
        self._heard += data
        said = b""
        while (reply := self._next()) is not None:
            said += reply.encode() + b"\r\n"
        return said

    def _next(self) -> str | None:
        if self._chunk is not None:
            return self._take_chunk(self._chunk)
        if self._in_data:
            return self._take_body()
        line, ended, rest = self._heard.partition(b"\r\n")
        if not ended:
            return None
        self._heard = rest
        self.commands.append(line)
        return self._answer(line.decode())

    def _answer(self, line: str) -> str | None:
        verb = line.split(" ")[0]
        address = "".join(re.findall("<(.*)>", line))
        if verb == "RSET":
            self._mail = self._recipient = ""
            return "250 reset"
        if verb == "MAIL":
            if self._mail:
                return "503 5.5.1 nested MAIL"
            return self._decide(verb, address, "_mail")
        if verb == "RCPT":
            if not self._mail:
                return "503 5.5.1 no MAIL"
            return self._decide(verb, address, "_recipient")
        if verb == "DATA":
            return self._data()
        assert verb == "BDAT", line
        self._chunk = int(line.split(" ")[1])
        return self._take_chunk(self._chunk)

    def _decide(self, verb: str, address: str, name: str) -> str:
        said = self.decisions.get(address, {}).get(verb, "250 ok")
        if said.startswith("2"):
            setattr(self, name, address)
        return said

    def _data(self) -> str:
        lenient = self.decisions.get(self._mail, {}).get("EMPTY")
        if not self._recipient and not (lenient and self._mail):
            return "503 5.5.1 no RCPT"
        said = self.decisions.get(self._recipient, {}).get("DATA", "354 go on")
        self._in_data = said.startswith("354")
        return said

    def _take_body(self) -> str | None:
        if self._heard.startswith(b".\r\n"):
            end = 0
        elif (end := self._heard.find(b"\r\n.\r\n") + 2) < 2:
            return None
        body, self._heard = self._heard[:end], self._heard[end + 3 :]
        self._in_data = False
        return self._end(b"\r\n".join(x.removeprefix(b".") for x in body.split(b"\r\n")))

    def _take_chunk(self, size: int) -> str | None:
        if len(self._heard) < size:
            return None
        body, self._heard, self._chunk = self._heard[:size], self._heard[size:], None
        return self._end(body)

    def _end(self, body: bytes) -> str:
        recipient, lenient = self._recipient, self.decisions.get(self._mail, {}).get("EMPTY")
        self._mail = self._recipient = ""
        if not recipient:
            return lenient or "554 5.5.1 no valid recipients"
        said = self.decisions.get(recipient, {}).get("DOT", "250 2.0.0 taken")
        if said.startswith("2"):
            self.taken.append((recipient, body))
        return said


def opened(offers: str = PLAIN, relay: Relay = RELAY) -> Dialogue:
    """A dialogue that is ready for letters."""
    dialogue = Dialogue(relay)
    lines = ["250-mx", *(f"250-{offer}" for offer in offers.split("\n") if offer), "250 HELP"]
    dialogue.receive(b"220 hello\r\n")
    assert written(dialogue) == b"EHLO localhost\r\n"
    dialogue.receive("\r\n".join(lines).encode() + b"\r\n")
    assert dialogue.ready
    return dialogue


def written(dialogue: Dialogue) -> bytes:
    """What the dialogue has to say, as if the socket had taken it."""
    data = b"".join(dialogue.outgoing.chunks)
    assert len(data) == dialogue.outgoing.size
    if data:
        dialogue.outgoing.wrote(len(data))
    return data


def converse(
    dialogue: Dialogue, model: Model, letters: list[Letter], cuts: list[int] | None = None
) -> list[Answer]:
    """Hand the letters over as the pool does; `cuts` says in what sizes replies come."""
    answers: list[Answer] = []
    left, sizes = list(letters), iter(cuts or ())
    while left or not dialogue.idle:
        if dialogue.go:
            dialogue.start()
            model.bodies_begun += 1
        if left and dialogue.ready:
            dialogue.offer(left.pop(0))
        said = model.hear(written(dialogue))
        while said:
            size = next(sizes, len(said))
            answers += dialogue.receive(said[:size])
            said = said[size:]
        if dialogue.trouble is not None:
            return answers
    return answers
