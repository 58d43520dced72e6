"""A mail while it comes in: small ones in memory, larger ones in a file that has no name."""

from pathlib import Path
from tempfile import SpooledTemporaryFile

IN_MEMORY = 256 * 1024  # bytes


class Spool:
    """At most `limit` bytes; what goes beyond, or finds no room on the disk, is in `refusal`."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.size = 0
        self.refusal = ""  # an SMTP reply
        self._limit = limit
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder))  # noqa: SIM115

    def write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.refusal:
            return
        if self.size > self._limit:
            self._refuse("552 5.3.4 Message too big")
            return
        try:
            self._file.write(piece)
        except OSError:
            self._refuse("452 4.3.1 No room on the disk; try again later")

    @property
    def in_memory(self) -> bool:
        return self.size <= IN_MEMORY

    def read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        self._file.close()

    def _refuse(self, reply: str) -> None:
        """Let go of what is there; the rest of the mail is only read."""
        self.refusal = reply
        self._file.close()
