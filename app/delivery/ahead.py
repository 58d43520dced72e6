"""Letters written before their turn, in threads of their own.

Where Docket signs (DKIM), the signature takes longer than all the rest of a letter. It is computed
without the interpreter's lock, so that relays are spoken to meanwhile, and other cores take part.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from app.delivery.leasing import Due
from app.mail.letter import Letter

AHEAD = 24  # letters: more than a turn hands over, and at 100 KB each not much memory
THREADS = max(1, min(4, os.cpu_count() or 1))

Written = tuple[Due, "Future[Letter]"]


class Ahead:
    """`write`: may raise ValueError, which `take` raises in its turn. `ready` is called, by any
    thread, when a letter that was asked for has come to be."""

    def __init__(self, write: Callable[[Due], Letter], ready: Callable[[], None]) -> None:
        self._write, self._ready = write, ready
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="letters")
        self._held: dict[int, Written] = {}

    def take(self, due: Due, coming: Iterable[Due]) -> Letter | None:
        """The letter, or None while it is being written. `coming`: those behind it in line."""
        future = self._begun(due)
        wanted = [due.to.delivery_id]
        for other in coming:
            self._begun(other)
            wanted.append(other.to.delivery_id)
        if len(self._held) > 4 * AHEAD:  # what was taken out of the line meanwhile
            self._held = {key: self._held[key] for key in wanted}
        if not future.done():
            return None
        del self._held[due.to.delivery_id]
        return future.result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _begun(self, due: Due) -> "Future[Letter]":
        held = self._held.get(due.to.delivery_id)
        if held is not None and held[0] is due:
            return held[1]
        future = self._pool.submit(self._write, due)
        future.add_done_callback(lambda _future: self._ready())
        self._held[due.to.delivery_id] = due, future
        return future
