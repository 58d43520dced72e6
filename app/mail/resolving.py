"""Looking up where relays are, beside the loop that must not wait for it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from app.mail.connection import Address, is_literal, look_up
from app.mail.relay import Relay

Found = Sequence[Address] | OSError
T = TypeVar("T")


class Resolver(Generic[T]):
    """`asked` notes who asks, and `answers` gives each of them what was found. One thread a host
    at a time, however many ask; it ends by itself, and nobody waits for it."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._asking: dict[Relay, list[T]] = {}
        self._found: SimpleQueue[tuple[Relay, Found]] = SimpleQueue()

    def ask(self, relay: Relay, who: T) -> None:
        if relay in self._asking:
            self._asking[relay].append(who)
            return
        self._asking[relay] = [who]
        if is_literal(relay.host):  # nobody has to be asked
            self._look_up(relay)
            return
        threading.Thread(target=self._look_up, args=(relay,), daemon=True).start()

    @property
    def busy(self) -> bool:
        return bool(self._asking)

    def answers(self) -> Iterator[tuple[T, Found]]:
        while self._asking:
            try:
                relay, found = self._found.get_nowait()
            except Empty:
                return
            for who in self._asking.pop(relay):
                yield who, found

    def _look_up(self, relay: Relay) -> None:
        found: Found
        try:
            found = look_up(relay)
        except OSError as error:
            found = error
        self._found.put((relay, found))
        self._wake()
