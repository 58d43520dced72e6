"""What the pool is told, and whom it tells."""

from typing import NamedTuple, Protocol

from app.mail.answers import Answer
from app.mail.letter import Letter
from app.mail.relay import Relay


class Parcel(NamedTuple):
    key: int
    letter: Letter


class Work(Protocol):
    """Every parcel taken ends in one call of `answered` or of `returned`."""

    def next(self, relay: Relay) -> Parcel | None:
        """A message for this relay; None: nothing now."""

    def starting(self, key: int) -> None:
        """Its body is about to be written: from here its fate may be open."""

    def answered(self, key: int, answer: Answer) -> None:
        """What became of it."""

    def returned(self, key: int) -> None:
        """Nothing became of it, and nothing of its body was written."""

    def flush(self) -> bool:
        """Keep what was said since the last call; before that nothing is written. False: these
        messages are somebody else's now, and nothing more may go out."""
