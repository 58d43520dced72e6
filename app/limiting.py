"""Counts for the rate limits, in the memory of this process.

The storage that `limits` brings for this starts a thread a hundred times a second to throw old
counts away; under load each start costs a request's time. Here they go when there are many.
"""

import time
from threading import Lock

from limits.storage import Storage

FEW = 1000  # keys that need no looking through


class Counts(Storage):
    """Fixed windows (`limits`): a window begins with its first hit."""

    STORAGE_SCHEME = ["counts"]

    def __init__(
        self, uri: str | None = None, wrap_exceptions: bool = False, **options: str
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._windows: dict[str, tuple[float, int]] = {}  # key -> end (seconds since 1970), count
        self._lock = Lock()
        self._many = FEW

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        with self._lock:
            end, count = self._windows.get(key, (0.0, 0))
            if end <= time.time():
                end, count = time.time() + expiry, 0
                self._forget_old()
            self._windows[key] = (end, count + amount)
        return count + amount

    def get(self, key: str) -> int:
        end, count = self._windows.get(key, (0.0, 0))
        return count if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (time.time(), 0))[0]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def _forget_old(self) -> None:
        if len(self._windows) < self._many:
            return
        now = time.time()
        self._windows = {key: window for key, window in self._windows.items() if window[0] > now}
        self._many = max(FEW, 2 * len(self._windows))  # each is looked at twice at most, on average
