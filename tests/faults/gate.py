"""A relay that does nothing wrong, and can keep its answers back."""

import random
import threading
from collections import Counter

from app.mail.relay import Relay
from tests.bench.failing.faults import Fault
from tests.bench.failing.relay import FaultyRelay
from tests.bench.failing.truth import Truth
from tests.processes import PATIENCE


class Calm(Truth):
    def of_session(self, *, tls: bool) -> Fault | None:
        return None

    def chance(self, share: float) -> bool:
        """PIPELINING is offered, CHUNKING is not, and nothing is forgotten."""
        return share > 0.5


class Gate(FaultyRelay):
    """Answers `first` messages at once; those after it when the gate is opened."""

    def __init__(self, first: int) -> None:
        self._left, self._held = first, 0
        self._open = False
        self._changed = threading.Condition()
        super().__init__(Calm(random.Random(1)))

    @property
    def relay(self) -> Relay:
        return Relay("smtp", "127.0.0.1", self.port)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def held(self) -> int:
        """Messages taken whose answer was kept back."""
        return self._held

    @property
    def taken(self) -> Counter[int]:
        """Delivery -> how often a message of it was taken."""
        return Counter({key: len(taken) for key, taken in dict(self.truth.taken).items()})

    def before_answer(self) -> None:
        with self._changed:
            self._left -= 1
            self._held += self._left < 0
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._open or self._left >= 0, PATIENCE)

    def wait_until_held(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._held >= count, PATIENCE)

    def wait_until_taken(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.taken.total() >= count, PATIENCE)

    def open(self) -> None:
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def close(self) -> None:
        self.open()
        super().close()
