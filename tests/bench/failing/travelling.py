"""Clocks that jump, so that nobody waits for a retry: the wall's, the lease's and the pool's, all
by the same."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Any
from unittest import mock

import app.clock
import app.delivery.clocks
from app.delivery import worker as worker_module
from app.mail.pool import Pool
from app.mail.timeouts import Timeouts


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0  # seconds

    def jump(self, seconds: float) -> None:
        self.ahead += max(0.0, seconds)

    def now(self, zone: tzinfo | None = None) -> datetime:
        return datetime.now(zone) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def gettime(self, clock_id: int) -> float:
        return time.clock_gettime(clock_id) + self.ahead


@contextmanager
def travelling(timeouts: Timeouts) -> Iterator[Clock]:
    """Within the block, in this process alone. Relays are waited for as `timeouts` says."""
    clock = Clock()
    times = {name: getattr(time, name) for name in dir(time) if name.startswith("CLOCK_")}

    def pool(relays: Any, work: Any) -> Pool:
        return Pool(relays, work, timeouts, clock.monotonic)

    with (
        mock.patch.object(app.clock, "datetime", SimpleNamespace(now=clock.now)),
        mock.patch.object(
            app.delivery.clocks, "time", SimpleNamespace(**times, clock_gettime=clock.gettime)
        ),
        mock.patch.object(worker_module, "Pool", pool),
    ):
        yield clock
