"""Work for a pool, which keeps what it is told."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from app.mail.answers import Answer, Outcome
from app.mail.letter import Letter
from app.mail.pool import Parcel, Pool
from app.mail.relay import Relay
from app.mail.timeouts import Timeouts
from tests.mail.faulty import PATIENT

MESSAGE = b"Subject: Hello\r\n\r\nHello.\r\n"
_LONGEST = 20.0  # seconds that no test takes, unless something is broken


def parcel(key: int, recipient: str = "", message: bytes = MESSAGE) -> Parcel:
    address = recipient or f"m{key}@example.org"
    return Parcel(key, Letter(f"b{key}@news.example.org", address, message))


class Recorder:
    """Every parcel once, in order; `told` is what it heard of them, flushes included."""

    def __init__(self, parcels: Iterable[Parcel] = (), only: Relay | None = None) -> None:
        self.waiting = deque(parcels)
        self.only = only
        self.told: list[tuple[str, int]] = []
        self.answers: dict[int, Answer] = {}
        self.leased = True
        self.asked: list[Relay] = []

    def next(self, relay: Relay) -> Parcel | None:
        self.asked.append(relay)
        if not self.waiting or self.only not in (None, relay):
            return None
        taken = self.waiting.popleft()
        self.told.append(("taken", taken.key))
        return taken

    def starting(self, key: int) -> None:
        self.told.append(("starting", key))

    def answered(self, key: int, answer: Answer) -> None:
        assert key not in self.answers, "answered twice"
        self.told.append(("answered", key))
        self.answers[key] = answer

    def returned(self, key: int) -> None:
        assert key not in self.answers, "returned after its answer"
        self.told.append(("returned", key))

    def flush(self) -> bool:
        self.told.append(("flush", 0))
        return self.leased

    def keys(self, what: str) -> list[int]:
        return [key for said, key in self.told if said == what]

    @property
    def outcomes(self) -> dict[int, Outcome]:
        return {key: answer.outcome for key, answer in sorted(self.answers.items())}


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@contextmanager
def pooling(
    work: Recorder,
    *relays: Relay,
    timeouts: Timeouts = PATIENT,
    clock: Callable[[], float] = time.monotonic,
    rest: float = 0.0,
) -> Iterator[Pool]:
    pool = Pool(relays, work, timeouts, clock, rest=rest)
    try:
        yield pool
    finally:
        pool.close()


def turning(pool: Pool, until: Callable[[], object]) -> None:
    """Turn until something is so."""
    end = time.monotonic() + _LONGEST
    while not until():
        assert time.monotonic() < end, "it never came to pass"
        pool.turn(0.05)


def sent(work: Recorder, pool: Pool, count: int) -> None:
    turning(pool, lambda: len(work.answers) >= count and not pool.busy)
