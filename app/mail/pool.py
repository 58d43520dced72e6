"""Many messages over many connections: one thread, one loop, and never a wait for a single relay.

Each turn reads what has come, lets the work be flushed once, and writes. So what is journaled is
on disk before the bytes that it speaks of go out, at the price of one flush for all connections.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from selectors import EVENT_READ, DefaultSelector

from app.mail.connection import Connection, tls_context
from app.mail.lane import Lane
from app.mail.relay import Relay
from app.mail.resolving import Resolver
from app.mail.timeouts import USUAL, Timeouts
from app.mail.work import Parcel, Work

__all__ = ["Parcel", "Pool", "Work"]

_PARTING = 5.0  # seconds, at most, for the answer to QUIT
_TICK = 1.0  # seconds between looks at the clock for those that are silent


class Pool:
    """`wakeup_fd` takes any byte, as of `signal.set_wakeup_fd`, and ends a wait."""

    def __init__(
        self,
        relays: Sequence[Relay],
        work: Work,
        timeouts: Timeouts = USUAL,
        clock: Callable[[], float] = time.monotonic,
        *,
        rest: float = 1.0,
    ) -> None:
        """`clock`: seconds, monotonic. `rest`: seconds that a lane rests, about, after its relay
        was in trouble for the first time."""
        self.work, self.rest = work, rest
        self.now = clock()
        self.to_write: list[Lane] = []
        self._clock, self._timeouts = clock, timeouts
        self._tick = min(_TICK, *astuple(timeouts))
        self._next_check = self.now
        self._selector = DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._woken, EVENT_READ, self._awake)
        self._resolver: Resolver[Lane] = Resolver(self.wake)
        self._contexts: dict[Relay, ssl.SSLContext | None] = {}
        self._lanes = [[Lane(self, relay) for _ in range(relay.connections)] for relay in relays]
        self._all = [lane for lanes in self._lanes for lane in lanes]
        self._leaving: dict[Connection, float] = {}  # until when their answer is waited for
        self._draining_until: float | None = None
        self._closed = False

    @property
    def wakeup_fd(self) -> int:
        return self._waker.fileno()

    @property
    def busy(self) -> bool:
        """Any parcel is in hand."""
        return any(lane.started or lane.coming for lane in self._all)

    @property
    def in_flight(self) -> int:
        """Parcels started, and not answered yet."""
        return sum(lane.started is not None for lane in self._all)

    def connections(self) -> dict[str, int]:
        """How many are open, or being opened, by the name of the relay."""
        counts: dict[str, int] = {lane.relay.name: 0 for lane in self._all}
        for lane in self._all:
            counts[lane.relay.name] += lane.connection is not None
        return counts

    def turn(self, seconds: float) -> bool:
        """Wait at most so long for something to do, and do it; whether anything moved."""
        self.now = self._clock()
        moved = self._draining_until is None and self._fill()
        events = self._selector.select(0 if self.to_write else min(seconds, self._tick))
        self.now = self._clock()
        for key, _ in events:
            key.data()
        if self._resolver.busy:
            for lane, found in self._resolver.answers():
                lane.found(found)
        # After the reading: whoever was stopped for long finds the answers waiting.
        if self.now >= self._next_check:
            self._check()
        self._flush_and_write()
        return moved or bool(events)

    def drain(self, seconds: float) -> None:
        """Take nothing new, finish what is started, return the rest, QUIT. What is not finished
        then is ended, and is unknown if it went out whole."""
        self._draining_until = self._clock() + seconds
        self.wind_down()
        while (self.busy or self._leaving) and (left := self._left()) > 0:
            self.turn(left)
        for lane in self._all:
            lane.cut("stopped before the answer came")
        self.work.flush()

    def wind_down(self) -> None:
        """Return what is not started, and let each connection end after what is."""
        for lane in self._all:
            lane.wind_down()

    def hurry(self, seconds: float) -> None:
        """Let a drain under way end within so many seconds; callable from a signal handler."""
        if self._draining_until is not None:
            self._draining_until = min(self._draining_until, self._clock() + seconds)
            self.wake()

    def wake(self) -> None:
        """End a wait; callable from any thread and from a signal handler."""
        with contextlib.suppress(BlockingIOError, OSError):
            self._waker.send(b"\0")

    def close(self) -> None:
        """At once: no waiting, no QUIT."""
        if self._closed:
            return
        self._closed = True
        for lane in self._all:
            lane.cut("closed before the answer came")
        for connection in (*self._leaving,):
            self._gone(connection)
        self._selector.close()
        self._woken.close()
        self._waker.close()

    # For the lanes

    def find(self, lane: Lane) -> None:
        """`lane.found` is called with where its relay is."""
        self._resolver.ask(lane.relay, lane)

    def context(self, relay: Relay) -> ssl.SSLContext | None:
        """Made once: reading the authorities takes long."""
        if relay not in self._contexts:
            self._contexts[relay] = tls_context(relay)
        return self._contexts[relay]

    def watch(self, connection: Connection, ready: Callable[[], None]) -> None:
        """Call `ready` whenever the connection can do what it wants."""
        number = connection.number
        if number in self._selector.get_map():
            self._selector.modify(number, connection.wants, ready)
        else:
            self._selector.register(number, connection.wants, ready)

    def unwatch(self, connection: Connection) -> None:
        self._selector.unregister(connection.number)

    def see_off(self, connection: Connection) -> None:
        """Say QUIT, and wait for the answer without keeping anything else waiting."""
        connection.dialogue.quit()
        connection.write()
        if connection.dialogue.outgoing.size:
            connection.close()
            return
        self._leaving[connection] = self.now + _PARTING
        self.watch(connection, lambda: self._gone(connection))

    def _gone(self, connection: Connection) -> None:
        del self._leaving[connection]
        self.unwatch(connection)
        connection.close()

    def _fill(self) -> bool:
        filled = False
        for lanes in self._lanes:
            for lane in lanes:
                if lane.free:
                    if not lane.fill():
                        break  # there is nothing for its neighbours either
                    filled = True
        return filled

    def _check(self) -> None:
        self._next_check = self.now + self._tick
        for lane in self._all:
            lane.check(self._timeouts)
        for connection in [c for c, until in self._leaving.items() if until <= self.now]:
            self._gone(connection)

    def _flush_and_write(self) -> None:
        if not self.work.flush():
            for lane in self._all:
                lane.forsake()
            self.to_write.clear()
        lanes, self.to_write = self.to_write, []
        for lane in lanes:
            lane.write()

    def _awake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)

    def _left(self) -> float:
        """Seconds until a drain must be over."""
        return (self._draining_until or 0.0) - self._clock()
