"""Letters written before their turn, in threads of their own.

Where Docket signs (DKIM), the signature takes longer than all the rest of a letter. It is computed
without the interpreter's lock, so that relays are spoken to meanwhile, and other cores take part.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from app.delivery.leasing import Due
from app.mail.letter import Letter

AHEAD = 32  # letters: more than a turn hands over, and at 100 KB each not much memory
TOGETHER = 4  # letters that are told of together
THREADS = max(1, min(4, os.cpu_count() or 1))

Written = tuple[Due, "Future[Letter]"]


class Ahead:
    """`write`: may raise ValueError, which `take` raises in its turn. `ready` is called, by any
    thread, when letters that were asked for have come to be."""

    def __init__(self, write: Callable[[Due], Letter], ready: Callable[[], None]) -> None:
        self._write, self._ready = write, ready
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="letters")
        self._held: dict[int, Written] = {}
        self._count = Lock()
        self._open = 0  # letters that are being written, or will be

    def take(self, due: Due, coming: Iterable[Due]) -> Letter | None:
        """The letter, or None while it is being written. `coming`: those behind it in line."""
        future = self._begun(due)
        if len(self._held) <= AHEAD // 2 or len(self._held) > 4 * AHEAD:
            self._begin(due, coming)
        if not future.done():
            return None
        del self._held[due.to.delivery_id]
        return future.result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _begin(self, due: Due, coming: Iterable[Due]) -> None:
        """These, and no others: what was taken out of the line meanwhile is forgotten."""
        wanted = (due, *coming)
        for one in wanted:
            self._begun(one)
        self._held = {one.to.delivery_id: self._held[one.to.delivery_id] for one in wanted}

    def _begun(self, due: Due) -> "Future[Letter]":
        held = self._held.get(due.to.delivery_id)
        if held is not None and held[0] is due:
            return held[1]
        with self._count:
            self._open += 1
        future = self._pool.submit(self._write, due)
        future.add_done_callback(self._is_done)
        self._held[due.to.delivery_id] = due, future
        return future

    def _is_done(self, _future: "Future[Letter]") -> None:
        """Not for each by itself: a turn that hands over several costs little more than one."""
        with self._count:
            self._open -= 1
            enough = self._open % TOGETHER == 0
        if enough:
            self._ready()
