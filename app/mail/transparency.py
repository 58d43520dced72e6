"""Mail data as it travels (RFC 5321 4.5.2): a lone dot ends it, other dots at line starts are
doubled. Only CRLF is a line end here; a bare CR or LF is a byte like any other, so that nobody
smuggles a second message past us."""

END = b"\r\n.\r\n"


class DataReader:
    """Takes the stream in pieces of any size. `rest`: what came after the end; None before it."""

    def __init__(self) -> None:
        self.rest: bytes | None = None
        self._held = b"\r\n"  # as if a line had ended: the first may begin with a dot too
        self._made_up = len(self._held)

    def feed(self, piece: bytes) -> bytes:
        """The content that is sure by now."""
        data = self._held + piece
        end = data.find(END)
        if end >= 0:
            content, self.rest = data[: end + 2], data[end + len(END) :]
        else:
            sure = len(data) - _begun(data)
            content, self._held = data[:sure], data[sure:]
        content = content.replace(b"\r\n.", b"\r\n")
        if content and self._made_up:
            content, self._made_up = content[self._made_up :], 0
        return content


def _begun(data: bytes) -> int:
    """How many of the last bytes may be the beginning of an end."""
    return next(n for n in range(len(END) - 1, -1, -1) if data.endswith(END[:n]))
