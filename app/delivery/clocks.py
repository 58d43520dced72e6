"""A clock for leases."""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_seconds() -> float:
    """A clock that nobody can set and that runs on while the machine sleeps."""
    return time.clock_gettime(_CLOCK)
