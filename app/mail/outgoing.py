"""What is to be written to a relay, and how far the end of a body has gone."""


class Outgoing:
    """Chunks in their order. The kernel takes them in pieces of any size, so the end of the body
    is found by what follows it."""

    __slots__ = ("_after_end", "chunks", "size")

    def __init__(self) -> None:
        self.chunks: list[bytes | memoryview] = []
        self.size = 0  # bytes
        self._after_end = 0  # bytes that follow the end of the latest body

    @property
    def holds_end(self) -> bool:
        """The end of the latest body has not gone, or not wholly."""
        return self.size > self._after_end

    def command(self, line: bytes) -> None:
        self.chunks.append(line)
        self.size += len(line)
        self._after_end += len(line)

    def body(self, first: bytes, second: bytes) -> None:
        """A body with what must stand before or after it."""
        self.chunks += (first, second)
        self.size += len(first) + len(second)
        self._after_end = 0

    def wrote(self, count: int) -> None:
        """So many bytes are gone."""
        self.size -= count
        if not self.size:
            self.chunks.clear()
            return
        while count >= len(self.chunks[0]):
            count -= len(self.chunks.pop(0))
        self.chunks[0] = memoryview(self.chunks[0])[count:]


def stuffed(message: bytes) -> bytes:
    """RFC 5321 4.5.2: a line that begins with a dot gets another. A bare line feed counts as the
    end of a line, since there are servers to which it is one."""
    more = message.replace(b"\n.", b"\n..")
    return b"." + more if more.startswith(b".") else more
