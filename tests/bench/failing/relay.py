"""A relay that does wrong what it is told to, and keeps the truth. One thread a connection."""

import socket
import ssl
import struct
import threading
import time
from contextlib import suppress

from tests.bench.failing.faults import Fault, Then
from tests.bench.failing.truth import Taken, Truth

PATIENCE = 20.0  # seconds that a connection may be silent
DRIBBLE = 0.004  # seconds between two bytes
USUAL = {"MAIL": b"250 2.1.0 Ok", "RCPT": b"250 2.1.5 Ok", "DATA": b"354 go on"}
END = b"\r\n.\r\n"


class Gone(Exception):
    """This connection is over."""


class Line:
    """Reading from a connection; whoever goes on has heard all that was said before."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._held = b""
        self.unheard: list[Taken] = []

    def until(self, mark: bytes) -> bytes:
        while (at := self._held.find(mark)) < 0:
            self._more()
        return self._cut(at + len(mark))

    def exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            self._more()
        return self._cut(count)

    def body(self) -> bytes:
        """Its first line begins behind the CRLF of DATA, so that an empty one has an end too."""
        self._held = b"\r\n" + self._held
        return self.until(END)

    def forget(self) -> None:
        """Throw away what came along: the classic mistake about PIPELINING."""
        self._held = b""

    def wait_for_the_end(self) -> None:
        """Until the other side has had enough."""
        while self.sock.recv(65_536):
            pass

    def secure(self, context: ssl.SSLContext) -> None:
        self.sock, self._held = context.wrap_socket(self.sock, server_side=True), b""

    def _cut(self, end: int) -> bytes:
        data, self._held = self._held[:end], self._held[end:]
        return data

    def _more(self) -> None:
        if not (data := self.sock.recv(65_536)):
            raise Gone
        for one in self.unheard:
            one.heard = True
        self.unheard.clear()
        self._held += data


class Talk:
    """One session, from the greeting on."""

    def __init__(self, relay: "FaultyRelay", sock: socket.socket) -> None:
        self._relay, self._truth = relay, relay.truth
        self._line = Line(sock)
        self._fault = relay.truth.of_session(tls=relay.offers_tls)
        self._pipelining = relay.truth.chance(0.7)
        self._chunking = relay.truth.chance(0.25)
        self._forgetful = self._pipelining and relay.truth.chance(0.08)
        self._delivery: int | None = None
        self._accepted: set[str] = set()  # of MAIL and RCPT, those that were
        self._secure = not relay.offers_tls

    def run(self) -> None:
        self._greet("CONNECT", b"220 faulty.example.org ESMTP")
        while True:
            command = self._line.until(b"\n").strip()
            self._answer(command.split(b" ")[0].upper().decode("ascii", "replace"), command)

    def _answer(self, verb: str, command: bytes) -> None:
        match verb:
            case "EHLO":
                self._greet("EHLO", self._extensions())
            case "HELO":
                self._say(b"250 faulty.example.org")
            case "STARTTLS":
                self._start_tls()
            case "MAIL":
                self._delivery, self._accepted = delivery_of(command), set()
                self._step("MAIL", after=set())
            case "RCPT":
                self._step("RCPT", after={"MAIL"})
            case "DATA":
                self._step("DATA", after={"MAIL", "RCPT"})
            case "BDAT":
                self._chunk(int(command.split(b" ")[1]))
            case "QUIT":
                self._greet("QUIT", b"221 2.0.0 bye")
                raise Gone
            case _:
                self._say(b"250 2.0.0 Ok")

    def _extensions(self) -> bytes:
        if not self._pipelining and not self._chunking and self._truth.chance(0.3):
            return b"502 5.5.1 what is that"
        offered = [b"faulty.example.org", b"8BITMIME", b"SMTPUTF8", b"SIZE 10000000"]
        offered += [b"PIPELINING"] * self._pipelining + [b"CHUNKING"] * self._chunking
        unsecured = not self._secure and not self._is("tls, not offered")
        offered += [b"STARTTLS"] * unsecured
        return b"\r\n".join([b"250-" + word for word in offered[:-1]] + [b"250 " + offered[-1]])

    def _is(self, kind: str) -> bool:
        return self._fault is not None and self._fault.kind == kind

    def _greet(self, at: str, usual: bytes) -> None:
        fault = self._fault if self._fault is not None and self._fault.at == at else None
        if fault is None or fault.kind == "tls, not offered":
            self._say(usual)
        else:
            self._do(fault, usual)

    def _start_tls(self) -> None:
        fault = self._fault
        if fault is not None and (fault.said or fault.then is not Then.GO_ON):
            self._do(fault, b"")
            return
        self._say(b"220 2.0.0 go ahead")
        wrong = self._is("tls, another's certificate")
        context = self._relay.wrong_tls if wrong else self._relay.tls
        assert context is not None
        self._line.secure(context)
        self._secure = True

    def _step(self, verb: str, after: set[str]) -> None:
        if self._accepted < after:
            self._out_of_order(verb)
            return
        fault = self._truth.next(self._delivery, verb)
        if fault is None or fault.slowly or fault.said.startswith((b"250 ", b"354 ")):
            self._accepted.add(verb)
        if fault is None:
            self._say(USUAL[verb])
        else:
            self._do(fault, USUAL[verb])
        if "DATA" in self._accepted:
            self._body()

    def _out_of_order(self, verb: str) -> None:
        """What was sent ahead of a refusal. RFC 2920 3.1 lets a server say 354 all the same."""
        if verb != "DATA" or self._truth.chance(0.5):
            self._say(b"503 5.5.1 bad sequence of commands")
            return
        self._say(USUAL["DATA"])
        self._line.body()
        self._say(b"554 5.5.1 no valid recipients")

    def _body(self) -> None:
        """Ended by the dot. What is said in the middle of it is said before it is read."""
        self._accepted = set()
        if fault := self._truth.next(self._delivery, "BODY"):
            self._do(fault, b"")
        self._line.body()
        self._end(self._truth.next(self._delivery, "DOT"))
        if self._forgetful:
            self._line.forget()

    def _chunk(self, size: int) -> None:
        """BDAT LAST (RFC 3030): here a body and its end are one."""
        self._line.exactly(size)
        self._end(self._truth.next(self._delivery, "DATA", "BODY", "DOT"))

    def _end(self, fault: Fault | None) -> None:
        usual = b"250 2.0.0 taken"
        if fault is None or fault.slowly or fault.taken:
            taken = self._truth.take(self._delivery or 0)
            if fault is None or fault.slowly or fault.kind == "pipelining":
                self._line.unheard.append(taken)
            self._relay.before_answer()
        if fault is None:
            self._say(usual)
        else:
            self._do(fault, usual)

    def _do(self, fault: Fault, usual: bytes) -> None:
        if fault.said or fault.kind == "garbage":
            self._say(fault.said)
        elif fault.slowly:
            self._dribble(usual + b"\r\n")
        match fault.then:
            case Then.SILENCE:
                self._line.wait_for_the_end()
                raise Gone
            case Then.RESET:
                self._line.sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                raise Gone
            case Then.HANG_UP:
                raise Gone

    def _say(self, text: bytes) -> None:
        self._line.sock.sendall(text + b"\r\n")

    def _dribble(self, text: bytes) -> None:
        for n in range(len(text)):
            self._line.sock.sendall(text[n : n + 1])
            time.sleep(DRIBBLE)

    def close(self) -> None:
        self._line.sock.close()


def delivery_of(command: bytes) -> int | None:
    """The return path of each delivery says which one it is: b+<id>.<signature>@…"""
    _, found, token = command.partition(b"<b+")
    return int(token.split(b".")[0], 36) if found else None


class FaultyRelay:
    def __init__(
        self,
        truth: Truth,
        tls: ssl.SSLContext | None = None,
        wrong_tls: ssl.SSLContext | None = None,
    ) -> None:
        self.truth, self.tls, self.wrong_tls = truth, tls, wrong_tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._closing = False
        self._spawn(self._accept)

    @property
    def offers_tls(self) -> bool:
        return self.tls is not None

    def before_answer(self) -> None:
        """A message was taken, and nothing said of it yet."""

    def close(self) -> None:
        self._closing = True
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing:
            sock, _address = self._listener.accept()
            if self._closing:
                sock.close()
                return
            sock.settimeout(PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(lambda sock=sock: self._talk(sock))  # type: ignore[misc]

    def _talk(self, sock: socket.socket) -> None:
        talk = Talk(self, sock)
        with suppress(Gone, OSError, ValueError):
            talk.run()
        talk.close()

    def _spawn(self, work: object) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=work)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
