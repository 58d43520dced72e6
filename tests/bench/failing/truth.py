"""What really happened, as only the relay can know."""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.bench.failing import faults
from tests.bench.failing.faults import Fault


@dataclass(eq=False)
class Taken:
    """A message that the relay took. `heard`: the client went on, so it has read the answer."""

    delivery_id: int
    heard: bool = False


@dataclass
class Truth:
    """What each delivery is still to meet, and what it has met; shared by all connections."""

    numbers: random.Random
    ahead: dict[int, list[Fault]] = field(default_factory=dict)
    taken: dict[int, list[Taken]] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)  # for good, and in so many words
    met: Counter[str] = field(default_factory=Counter)  # kinds of faults
    stories: dict[int, list[str]] = field(default_factory=dict)  # what each delivery has met
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, delivery_ids: Iterable[int]) -> None:
        for key in delivery_ids:
            self.ahead[key] = list(faults.of_delivery(self.numbers))

    def next(self, delivery_id: int | None, *stages: str) -> Fault | None:
        """What this delivery meets here, if anything; it meets it once."""
        with self._lock:
            ahead = self.ahead.get(delivery_id or 0)
            if not ahead or ahead[0].at not in stages:
                return None
            fault = ahead.pop(0)
            self.met[fault.kind] += 1
            self.stories.setdefault(delivery_id or 0, []).append(f"{fault.kind} at {fault.at}")
            if fault.permanent and delivery_id:
                self.refused.add(delivery_id)
            return fault

    def of_session(self, *, tls: bool) -> Fault | None:
        with self._lock:
            made = faults.of_tls(self.numbers) if tls else faults.of_session(self.numbers)
            if made is not None:
                self.met[made.kind] += 1
            return made

    def chance(self, share: float) -> bool:
        with self._lock:
            return self.numbers.random() < share

    def take(self, delivery_id: int) -> Taken:
        one = Taken(delivery_id)
        with self._lock:
            self.taken.setdefault(delivery_id, []).append(one)
            self.stories.setdefault(delivery_id, []).append("taken")
        return one


@dataclass(frozen=True)
class Row:
    """What the ledger says of a delivery."""

    state: str
    uncertain: int
    cause: str | None = None
    answer: str | None = None


def lost(truth: Truth, ledger: Mapping[int, Row]) -> set[int]:
    """Neither taken and sent, nor refused and failed, nor known to be unknown."""
    return {key for key, row in ledger.items() if not _is_accounted_for(truth, key, row)}


def wrongly_given_up(truth: Truth, ledger: Mapping[int, Row]) -> set[int]:
    failed = {key for key, row in ledger.items() if row.state == "failed"}
    return failed - truth.refused


def twice_outside(truth: Truth, ledger: Mapping[int, Row]) -> set[int]:
    """Taken again though the answer to the first had been heard, or without a word in the
    ledger that somebody may have got it twice."""
    again = {key: taken for key, taken in truth.taken.items() if len(taken) > 1}
    return {
        key
        for key, taken in again.items()
        if any(one.heard for one in taken[:-1]) or not ledger[key].uncertain
    }


def _is_accounted_for(truth: Truth, key: int, row: Row) -> bool:
    match row.state:
        case "sent":
            return key in truth.taken
        case "failed":
            return key in truth.refused
        case "unknown":
            return row.uncertain > 1
    return False
