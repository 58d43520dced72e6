"""Cutting what a relay says into replies (RFC 5321 4.2): a code from 200 to 599, and its text."""

LIMIT = 65_536  # bytes of one reply, over all its lines

Reply = tuple[int, bytes]
"""Code and text; the lines of a longer text are parted by a line feed."""

_CODES = {b"%d " % code: code for code in range(200, 600)}


class Reader:
    """Takes bytes as they come and gives whole replies. What is no reply sets `broken` to it, and
    nothing is read after that: whose turn it is cannot be told any more."""

    __slots__ = ("_code", "_held", "_lines", "_size", "broken")

    def __init__(self) -> None:
        self._held = b""  # the beginning of a line
        self._code = 0  # of a reply whose last line has not come
        self._lines: list[bytes] = []
        self._size = 0  # bytes of them
        self.broken: bytes | None = None

    @property
    def between(self) -> bool:
        """Nothing has been read but whole replies."""
        return not self._held and not self._code and self.broken is None

    def feed(self, data: bytes) -> list[Reply]:
        if self._held:
            data, self._held = self._held + data, b""
        if data[-1:] != b"\n":
            data = self._hold(data)
        replies: list[Reply] = []
        for line in data.splitlines():
            code = _CODES.get(line[:4])
            if code and not self._code:
                replies.append((code, line[4:]))
                continue
            self._line(line, replies)
            if self.broken is not None:
                break
        return replies

    def _hold(self, data: bytes) -> bytes:
        """Keep the beginning of a line that is not whole; the lines before it."""
        end = data.rfind(b"\n") + 1
        self._held = data[end:]
        if self._size + len(self._held) > LIMIT and self.broken is None:
            self.broken = self._held[:100]
        return data[:end]

    def _line(self, line: bytes, replies: list[Reply]) -> None:
        """A line of several, or without a text; every one repeats the code (4.2.1)."""
        code, mark = _CODES.get(line[:3] + b" "), line[3:4]
        self._size += len(line)
        if not code or mark not in (b"", b" ", b"-") or self._code not in (0, code):
            self.broken = line
        elif self._size > LIMIT:
            self.broken = line[:100]
        elif mark == b"-":
            self._code = code
            self._lines.append(line[4:])
        else:
            replies.append((code, b"\n".join((*self._lines, line[4:]))))
            self._code, self._lines, self._size = 0, [], 0
