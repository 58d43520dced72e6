"""One of the connections to a relay that a pool keeps going, and the parcels on it."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.mail.answers import Answer, Outcome, Stage, says_nothing, sort_failure, unsendable
from app.mail.connection import Address, Connection, limit, words_of
from app.mail.envelope import Unsendable
from app.mail.relay import Relay
from app.mail.timeouts import Timeouts
from app.mail.work import Parcel

if TYPE_CHECKING:
    from app.mail.pool import Pool

IDLE = 20.0  # seconds after which a connection without work is ended
_LONGEST_REST = 300.0  # seconds
_jitter = random.SystemRandom().random


class Lane:
    """At most one parcel is started, and one is coming: it waits for a connection, or its envelope
    is under way."""

    __slots__ = (
        "_addresses", "_carried", "_chunking", "_lockstep", "_mask", "_parting", "_pool",
        "_resting_until", "_retried", "_since", "_troubles", "_waits_for_address", "_work",
        "coming", "connection", "relay", "started",
    )  # fmt: skip

    def __init__(self, pool: "Pool", relay: Relay) -> None:
        self._pool, self._work = pool, pool.work
        self.relay = relay
        self.connection: Connection | None = None
        self.started: Parcel | None = None
        self.coming: Parcel | None = None
        self._carried = 0  # parcels offered over this connection
        self._retried = False  # the coming parcel: a kept connection was closed under it
        self._parting = False  # nothing more over this connection
        self._lockstep = False  # the next connection goes without PIPELINING
        self._chunking = True
        self._waits_for_address = False
        self._addresses: list[Address] = []  # still to be tried
        self._mask = 0  # what the selector looks for
        self._troubles = 0  # in a row
        self._resting_until = 0.0
        self._since = 0.0  # of the last progress

    @property
    def free(self) -> bool:
        """A parcel can be taken."""
        if self.started is not None or self.coming is not None:
            return False
        if self.connection is None:
            return self._resting_until <= self._pool.now
        return self.connection.dialogue.ready

    def fill(self) -> bool:
        """Ask for a parcel, when free, and get it going; whether there was one."""
        if self.connection is not None:
            if not self._take(self.connection):
                return False
            self._will_write()
        else:
            self.coming, self._retried = self._work.next(self.relay), False
            if self.coming is None:
                return False
            self._find()
        self._since = self._pool.now
        return True

    def found(self, addresses: Sequence[Address] | OSError) -> None:
        """Where the relay is, or why nobody knows."""
        waited, self._waits_for_address = self._waits_for_address, False
        if not waited or self.coming is None:
            return
        self._since = self._pool.now
        if isinstance(addresses, OSError):
            self._give_up(self._no_connection(addresses))
            return
        self._addresses = list(addresses)
        self._connect()

    def ready(self) -> None:
        """Something came, or more can be written."""
        connection = self.connection
        if connection is not None:
            self._since = self._pool.now
            self._heard(connection, connection.ready())

    def write(self) -> None:
        """Whatever is written of a letter goes through here, after the work was flushed."""
        connection = self.connection
        if connection is None:
            return
        dialogue = connection.dialogue
        if dialogue.go and self.started is not None:
            dialogue.start()
            if dialogue.pipelining and not self._parting and self._carried < self.relay.messages:
                self._take(connection)
        if dialogue.outgoing.size:
            if answers := connection.write():
                self._heard(connection, answers)
            elif connection.wants != self._mask:
                self._watch(connection)

    def check(self, timeouts: Timeouts) -> None:
        """Look whether the relay has been silent for too long, or the connection without work."""
        waited, connection = self._pool.now - self._since, self.connection
        if connection is None:
            if self._waits_for_address and waited > timeouts.connect:
                self._waits_for_address = False
                self._give_up(self._no_connection(TimeoutError("looking up the host timed out")))
        elif self.started is None and self.coming is None and connection.dialogue.idle:
            if waited > IDLE:
                self._part()
        elif waited > limit(connection.dialogue, timeouts):
            self._heard(connection, connection.dialogue.lost("timed out", timed_out=True))

    def wind_down(self) -> None:
        """Finish what is started, return the rest, and go."""
        self._return_coming()
        self._parting = True
        if self.started is None and self.connection is not None:
            self._part() if self.connection.dialogue.idle else self._drop()

    def forsake(self) -> None:
        """Write nothing more: only the answer to what went out whole is still waited for."""
        connection, started = self.connection, self.started
        if started is not None and connection is not None and connection.dialogue.go:
            self.started = None
            self._work.returned(started.key)
        self._return_coming()
        if connection is None:
            return
        if self.started is None:
            self._drop()
        elif connection.dialogue.writing_body:
            self.cut("the message was taken back")
        else:
            self._parting = True

    def cut(self, words: str) -> None:
        """End the connection, whatever is under way."""
        self._return_coming()
        if self.connection is not None:
            self._heard(self.connection, self.connection.dialogue.lost(words))

    def _take(self, connection: Connection) -> bool:
        """The next parcel that this relay can be offered."""
        while (parcel := self._work.next(self.relay)) is not None:
            self.coming, self._retried = parcel, False
            if self._offer(connection, parcel):
                return True
        return False

    def _offer(self, connection: Connection, parcel: Parcel) -> bool:
        try:
            connection.dialogue.offer(parcel.letter)
        except Unsendable as error:
            self.coming = None
            self._work.answered(parcel.key, unsendable(str(error)))
            return False
        self._carried += 1
        return True

    def _will_write(self) -> None:
        self._pool.to_write.append(self)

    def _find(self) -> None:
        self._waits_for_address = True
        self._pool.find(self)

    def _connect(self) -> None:
        try:
            connection = Connection(
                self.relay,
                self._addresses.pop(0),
                self._pool.context(self.relay),
                pipelining=not self._lockstep,
                chunking=self._chunking,
            )
        except OSError as error:
            self._give_up(self._no_connection(error))
            return
        self.connection, self._carried, self._mask = connection, 0, connection.wants
        self._pool.watch(connection, self.ready)
        if connection.dialogue.trouble is not None:
            self._ended(connection)

    def _heard(self, connection: Connection, answers: Sequence[Answer]) -> None:
        for answer in answers:
            self._answered(answer)
        dialogue = connection.dialogue
        if dialogue.trouble is not None:
            self._ended(connection)
            return
        if dialogue.go:
            self._begin()
        elif self.started is None and dialogue.ready:
            self._go_on(connection)
        elif dialogue.outgoing.size:
            self._will_write()
        if connection.wants != self._mask and self.connection is connection:
            self._watch(connection)

    def _begin(self) -> None:
        """The envelope of the coming parcel was accepted."""
        parcel = self.coming
        if parcel is None:  # it was returned meanwhile
            self._drop()
            return
        self.started, self.coming = parcel, None
        self._work.starting(parcel.key)
        self._will_write()

    def _go_on(self, connection: Connection) -> None:
        """Nothing is started, and the relay would take an envelope."""
        if self.coming is not None:  # it waited for the connection
            if self._offer(connection, self.coming):
                self._will_write()
        elif self._parting or self._carried >= self.relay.messages:
            self._part()

    def _answered(self, answer: Answer) -> None:
        """The answer to the oldest parcel on the connection."""
        parcel = self.started or self.coming
        if parcel is None:  # it was returned meanwhile
            return
        if self.started is None:
            if says_nothing(answer) and self._carried > 1 and not self._retried:
                self._retried = True
                return
            self.coming = None
        self.started = None
        if answer.code is None or answer.outcome is Outcome.RELAY_TROUBLE:
            self._rest()  # a relay that just hangs up must not run through all that there is
        else:
            self._troubles = 0
        self._work.answered(parcel.key, answer)

    def _ended(self, connection: Connection) -> None:
        """The dialogue has come to its end, and every letter offered has its answer."""
        dialogue = connection.dialogue
        self._chunking = self._chunking and not dialogue.chunking_failed
        self._lockstep = dialogue.pipelining_failed
        self._part() if dialogue.polite else self._drop()
        trouble = dialogue.trouble
        if self.coming is None or trouble is None:
            return
        if self._retried:  # the relay closed a kept connection under it
            self._find()
        elif trouble.stage is Stage.CONNECT and trouble.code is None and self._addresses:
            self._connect()
        else:
            self._give_up(trouble)

    def _give_up(self, trouble: Answer) -> None:
        """There is no way to the relay for the coming parcel."""
        parcel, self.coming = self.coming, None
        self._rest()
        if parcel is not None:
            self._work.answered(parcel.key, trouble)

    def _rest(self) -> None:
        """Longer each time, and not all lanes at once."""
        seconds = self._pool.rest * 2.0 ** min(self._troubles, 9) * (1 + _jitter())
        self._troubles += 1
        self._resting_until = self._pool.now + min(seconds, _LONGEST_REST)

    def _return_coming(self) -> None:
        parcel, self.coming = self.coming, None
        if parcel is not None:
            self._work.returned(parcel.key)

    def _part(self) -> None:
        """With QUIT."""
        connection = self._let_go()
        if connection is not None:
            self._pool.see_off(connection)

    def _drop(self) -> None:
        connection = self._let_go()
        if connection is not None:
            connection.close()

    def _let_go(self) -> Connection | None:
        connection, self.connection, self._parting = self.connection, None, False
        if connection is not None:
            self._pool.unwatch(connection)
        return connection

    def _watch(self, connection: Connection) -> None:
        self._mask = connection.wants
        self._pool.watch(connection, self.ready)

    def _no_connection(self, error: OSError) -> Answer:
        return sort_failure(Stage.CONNECT, words_of(error), self.relay.name)
