"""Deliveries in hand that wait: in line for the relays that take them, or for their slot."""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence, Set
from datetime import datetime

from app.delivery.leasing import Due
from app.mail.relay import Relay

MOST_DOMAINS = 10_000  # of which it is remembered who takes them

Names = tuple[str, ...]  # of relays


class Lines:
    def __init__(self, relays: Sequence[Relay]) -> None:
        self._relays = relays
        self._alike = not any(relay.domains or relay.barred for relay in relays)
        self._all = tuple(relay.name for relay in relays)
        self._names_of: dict[str, Names] = {}
        self._lines: dict[Names, deque[Due]] = {}
        self._later: list[tuple[float, int, Due]] = []  # heap
        self._number = itertools.count()

    @property
    def waiting(self) -> int:
        """Deliveries that could go out now."""
        return sum(map(len, self._lines.values()))

    @property
    def size(self) -> int:
        return self.waiting + len(self._later)

    @property
    def next_slot(self) -> float | None:
        """When the next delivery that waits for its slot may go out (seconds since 1970)."""
        return self._later[0][0] if self._later else None

    def __iter__(self) -> Iterator[Due]:
        for line in self._lines.values():
            yield from line
        yield from (entry[2] for entry in self._later)

    def append(self, due: Due) -> bool:
        """False when there is no relay that takes its domain."""
        names = self._relays_for(due)
        if not names:
            return False
        line = self._line(names)
        if due.rank == 0 and line and line[-1].rank:
            line.appendleft(due)
        else:
            line.append(due)
        return True

    def put_first(self, due: Due) -> None:
        self._line(self._relays_for(due)).appendleft(due)

    def put_off(self, due: Due, until: datetime) -> None:
        heapq.heappush(self._later, (until.timestamp(), next(self._number), due))

    def have(self, relay: Relay) -> bool:
        """Something that this relay may take."""
        return any(line and relay.name in names for names, line in self._lines.items())

    def pop(self, relay: Relay) -> Due | None:
        """The next that this relay may take."""
        for names, line in self._lines.items():
            if line and relay.name in names:
                return line.popleft()
        return None

    def coming(self, relay: Relay, most: int) -> Iterator[Due]:
        """Those that this relay may take next, without taking them."""
        for names, line in self._lines.items():
            if line and relay.name in names:
                yield from itertools.islice(line, most)
                return

    def pop_later(self, at: datetime) -> Iterator[Due]:
        """Those whose slot has come."""
        while self._later and self._later[0][0] <= at.timestamp():
            yield heapq.heappop(self._later)[2]

    def drop(self, wanted: Callable[[Due], bool]) -> list[Due]:
        """Take out all that are wanted."""
        dropped = [due for due in self if wanted(due)]
        for names, line in self._lines.items():
            self._lines[names] = deque(due for due in line if not wanted(due))
        self._later = [entry for entry in self._later if not wanted(entry[2])]
        heapq.heapify(self._later)
        return dropped

    def drop_all_of(self, names: Set[str]) -> list[tuple[Due, Names]]:
        """Take out what these relays alone would take."""
        dropped = []
        for line_of, line in self._lines.items():
            if line and names >= set(line_of):
                dropped += [(due, line_of) for due in line]
                line.clear()
        return dropped

    def _relays_for(self, due: Due) -> Names:
        if self._alike:
            return self._all
        domain = domain_of(due)
        if domain not in self._names_of:
            if len(self._names_of) >= MOST_DOMAINS:
                self._names_of.clear()
            self._names_of[domain] = tuple(r.name for r in self._relays if r.takes(domain))
        return self._names_of[domain]

    def _line(self, names: Names) -> deque[Due]:
        return self._lines.setdefault(names, deque())


def domain_of(due: Due) -> str:
    return due.to.address.rpartition("@")[2].lower()
