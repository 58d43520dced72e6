"""A small IMAP server that says what a test wants: what real ones do only on bad days."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

FETCH = re.compile(rb"UID FETCH (\d+) \(BODY\.PEEK\[\]<(\d+)\.(\d+)>\)")

# What a test answers instead of the server: the command, and the lines to send; None ends the
# connection, True leaves the answer to the server.
Script = Callable[[bytes], "list[bytes] | bool | None"]


@dataclass
class FakeImap:
    """`messages`: UID -> bytes. `script`: True leaves the answer to the server."""

    messages: dict[int, bytes] = field(default_factory=dict)
    uid_validity: int = 1
    capabilities: bytes = b"IMAP4rev1 MOVE"
    script: Script = lambda _command: True
    commands: list[bytes] = field(default_factory=list)
    moved: dict[int, bytes] = field(default_factory=dict)
    port: int = 0

    @property
    def url(self) -> str:
        return f"imap://post:s3cret-word@127.0.0.1:{self.port}/INBOX"

    def answer(self, tag: bytes, command: bytes) -> list[bytes] | None:
        """Lines; an empty one stands for the end of a literal."""
        done = [tag + b" OK done"]
        verb = command.upper()
        if verb.startswith(b"CAPABILITY"):
            return [b"* CAPABILITY " + self.capabilities, *done]
        if verb.startswith((b"SELECT", b"EXAMINE")):
            told = b"* OK [UIDVALIDITY %d] valid" % self.uid_validity
            return [b"* %d EXISTS" % len(self.messages), b"* 0 RECENT", b"* FLAGS ()", told, *done]
        if verb.startswith(b"UID SEARCH"):
            return [b"* SEARCH " + self._search(verb), *done]
        if found := FETCH.fullmatch(verb):
            return [*self._piece(*map(int, found.groups())), *done]
        if verb.startswith(b"UID MOVE"):
            uid = int(verb.split()[2])
            self.moved[uid] = self.messages.pop(uid)
            return done
        if verb.startswith(b"LOGOUT"):
            return [b"* BYE", *done]
        return done

    def _search(self, verb: bytes) -> bytes:
        first = int(verb.rpartition(b"UID ")[2].partition(b":")[0])
        # `*` is the last message, also where it lies before (RFC 3501 6.4.8).
        wanted = {uid for uid in self.messages if uid >= first}
        wanted |= set(sorted(self.messages)[-1:])
        return b" ".join(b"%d" % uid for uid in sorted(wanted))

    def _piece(self, uid: int, offset: int, length: int) -> list[bytes]:
        if uid not in self.messages:
            return []
        piece = self.messages[uid][offset : offset + length]
        told = b"* 1 FETCH (UID %d BODY[]<%d> {%d}\r\n" % (uid, offset, len(piece))
        return [told + piece + b")"]


def _serve(server: FakeImap, connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as lines:
        connection.sendall(b"* OK ready\r\n")
        for line in lines:
            tag, _space, command = line.rstrip(b"\r\n").partition(b" ")
            server.commands.append(command)
            said = server.script(command)
            answer = server.answer(tag, command) if said is True else said
            if not isinstance(answer, list):
                return
            connection.sendall(b"".join(part.replace(b"TAG", tag) + b"\r\n" for part in answer))


@contextmanager
def fake_imap() -> Iterator[FakeImap]:
    server = FakeImap()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        listener.settimeout(0.05)
        ended = threading.Event()

        def accept() -> None:
            while not ended.is_set():
                try:
                    connection, _address = listener.accept()
                except TimeoutError:
                    continue
                connection.settimeout(10)
                try:
                    _serve(server, connection)
                except OSError:
                    continue  # the client went away

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server
        finally:
            ended.set()
            thread.join()
