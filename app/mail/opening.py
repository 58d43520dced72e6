"""From the greeting until messages may go: EHLO or HELO, STARTTLS, AUTH (RFC 5321 3.1, 3207,
4954). Bytes in, bytes out; no socket."""

from base64 import b64encode
from collections.abc import Callable

from app.mail.answers import Answer, Stage, sort_failure, sort_reply
from app.mail.extensions import Extensions, read_extensions
from app.mail.relay import Relay

_NOT_KNOWN_HERE = (504, 534)  # this mechanism not; another perhaps (RFC 4954 6)


class Refused(Exception):
    """No message can go to this relay now."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text)
        self.answer = answer


class Opening:
    """`reply` takes each answer of the relay and gives what to say next, or None: then either
    `wants_tls` is set, and `secured` goes on once TLS is up, or the opening is `done`."""

    __slots__ = (
        "_left",
        "_relay",
        "_secure",
        "_step",
        "done",
        "name",
        "offered",
        "stage",
        "wants_tls",
    )

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.name = "localhost"  # what we call ourselves
        self._secure = relay.scheme != "smtp+starttls"
        self._step: Callable[[int, bytes], bytes | None] = self._greeted
        self._left: list[bytes] = []  # what AUTH still has to say
        self.stage = Stage.CONNECT
        self.offered = Extensions()
        self.wants_tls = False
        self.done = False

    def reply(self, code: int, text: bytes) -> bytes | None:
        """Refused: the relay will have nothing of us."""
        return self._step(code, text)

    def secured(self) -> bytes:
        """TLS is up: whatever was said before it is forgotten (RFC 3207 4.2)."""
        self.wants_tls = False
        self._secure = True
        self.offered = Extensions()
        return self._say_hello()

    def _greeted(self, code: int, text: bytes) -> bytes:
        self._require(code == 220, code, text)
        return self._say_hello()

    def _say_hello(self) -> bytes:
        self.stage, self._step = Stage.EHLO, self._answered_ehlo
        return f"EHLO {self.name}\r\n".encode()

    def _answered_ehlo(self, code: int, text: bytes) -> bytes | None:
        if code >= 500:  # a server from before RFC 1869
            self._step = self._answered_helo
            return f"HELO {self.name}\r\n".encode()
        self._require(code == 250, code, text)
        self.offered = read_extensions(text.decode("utf-8", "replace"))
        return self._go_on()

    def _answered_helo(self, code: int, text: bytes) -> bytes | None:
        self._require(code == 250, code, text)
        return self._go_on()

    def _go_on(self) -> bytes | None:
        if not self._secure:
            self.stage, self._step = Stage.STARTTLS, self._answered_starttls
            if not self.offered.starttls:
                raise self._trouble("the relay does not offer STARTTLS")
            return b"STARTTLS\r\n"
        if self._relay.user:
            self.stage = Stage.AUTH
            return self._sign_in(self.offered.auth)
        self.done = True
        return None

    def _answered_starttls(self, code: int, text: bytes) -> None:
        self._require(code == 220, code, text)
        self.wants_tls = True

    def _sign_in(self, mechanisms: frozenset[str]) -> bytes:
        user, password = self._relay.user.encode(), self._relay.password.encode()
        if "PLAIN" in mechanisms:  # RFC 4616, with an initial response
            self._step = self._answered_plain
            return b"AUTH PLAIN " + b64encode(b"\0" + user + b"\0" + password) + b"\r\n"
        if "LOGIN" in mechanisms:
            self._step = self._answered_login
            self._left = [b64encode(user), b64encode(password)]
            return b"AUTH LOGIN\r\n"
        raise self._trouble("the relay offers no way to sign in that is known here")

    def _answered_plain(self, code: int, text: bytes) -> bytes | None:
        if code in _NOT_KNOWN_HERE and "LOGIN" in self.offered.auth:
            return self._sign_in(frozenset(("LOGIN",)))
        self._signed_in(code, text)
        return None

    def _answered_login(self, code: int, text: bytes) -> bytes | None:
        if code == 334 and self._left:
            return self._left.pop(0) + b"\r\n"
        self._signed_in(code, text)
        return None

    def _signed_in(self, code: int, text: bytes) -> None:
        self._require(code == 235, code, text)
        self.done = True

    def _require(self, good: bool, code: int, text: bytes) -> None:
        if not good:
            words = text.decode("utf-8", "replace")
            raise Refused(sort_reply(self.stage, code, words, self._relay.name))

    def _trouble(self, words: str) -> Refused:
        return Refused(sort_failure(self.stage, words, self._relay.name))
