"""The most that a sink takes: canned bytes over connections that never wait for more than one
answer. The end of each message goes out together with MAIL, RCPT and DATA of the next (RFC 2920).

    python -m tests.bench.canned HOST PORT CONNECTIONS MESSAGES SIZE
"""

import selectors
import socket
import subprocess
import sys
import time

CONNECTIONS = 4  # of each process
ENVELOPE = b"MAIL FROM:<b@news.example.org>\r\nRCPT TO:<ada@members.example>\r\nDATA\r\n"
QUIT = b"QUIT\r\n"
LINE = b"a" * 74 + b"\r\n"


def body(size: int) -> bytes:
    """So many bytes, with the final dot."""
    return (LINE * (size // len(LINE) + 1))[: size - 5] + b"\r\n.\r\n"


class Source:
    """One connection with so many messages to send."""

    def __init__(self, address: tuple[str, int], messages: int, letter: bytes) -> None:
        self.sock = socket.create_connection(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left, self._letter = messages, letter
        self._following = letter + ENVELOPE
        self._unsent = memoryview(b"")
        self._awaited = 0  # replies
        self._hear()
        self.sock.sendall(b"EHLO bench\r\n")
        self._hear()
        self.sock.setblocking(False)

    def begin(self) -> int:
        self._say(ENVELOPE, 3)
        return self.wants

    @property
    def wants(self) -> int:
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    def ready(self, events: int) -> bool:
        """Whether it goes on."""
        if events & selectors.EVENT_READ:
            self._read()
        if not self._awaited:
            if not self._left:
                return False
            self._left -= 1
            self._say(*(self._following, 4) if self._left else (self._letter + QUIT, 2))
        elif self._unsent:
            self._write()
        return True

    def _say(self, text: bytes, replies: int) -> None:
        self._unsent, self._awaited = memoryview(text), replies
        self._write()

    def _write(self) -> None:
        try:
            self._unsent = self._unsent[self.sock.send(self._unsent) :]
        except BlockingIOError:
            return

    def _read(self) -> None:
        replies = self.sock.recv(4096).splitlines()
        if not replies or any(reply[:1] not in (b"2", b"3") for reply in replies):
            raise RuntimeError(f"the sink said {replies}")
        self._awaited -= len(replies)

    def _hear(self) -> None:
        """One whole reply, however many lines it has."""
        said = b""
        while not said.endswith(b"\n") or said.splitlines()[-1][3:4] != b" ":
            if not (more := self.sock.recv(4096)):
                raise RuntimeError("the sink hung up")
            said += more


def send(address: tuple[str, int], connections: int, messages: int, size: int) -> None:
    """Connects, says so, and begins when told to."""
    letter = body(size)
    sources = [Source(address, messages // connections, letter) for _ in range(connections)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    selector = selectors.DefaultSelector()
    for source in sources:
        selector.register(source.sock, source.begin(), source)
    while selector.get_map():
        for key, events in selector.select():
            source = key.data
            if not source.ready(events):
                selector.unregister(source.sock)
                source.sock.close()
            elif key.events != source.wants:
                selector.modify(source.sock, source.wants, source)


def rate(host: str, port: int, processes: int, messages: int, size: int) -> float:
    """Messages per second out of so many processes with CONNECTIONS each."""
    share = messages // processes // CONNECTIONS * CONNECTIONS
    words = (host, port, CONNECTIONS, share, size)
    command = [sys.executable, "-m", "tests.bench.canned", *map(str, words)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    try:
        for one in running:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        begun = time.perf_counter()
        for one in running:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        statuses = [one.wait() for one in running]
        took = time.perf_counter() - begun
    finally:
        for one in running:
            one.kill()
            one.communicate()
    if any(statuses):
        raise RuntimeError("the canned bytes were not taken")
    return share * processes / took


if __name__ == "__main__":
    where, port, *numbers = sys.argv[1:]
    send((where, int(port)), *map(int, numbers))
