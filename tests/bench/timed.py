"""The service as it is, but for its clock: each request says what time it is.

So that a story of a month is played in a moment. `serving` runs it as
`tests.bench.timed:application`; nothing of it is in the service.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

HEADER = "X-Bench-Time"  # seconds since 1970
_here = threading.local()


def now() -> datetime:
    at: datetime | None = getattr(_here, "at", None)
    return at or datetime.now(UTC)


class Timed:
    """WSGI. The clock is set before anything of the service takes it by its name."""

    def __init__(self) -> None:
        from app import clock

        clock.now = now
        from app.factory import create_app

        self._app = create_app()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        said = environ.get("HTTP_" + HEADER.upper().replace("-", "_"))
        _here.at = datetime.fromtimestamp(float(said), UTC) if said else None
        if environ["REQUEST_METHOD"] == "POST":
            self._let_visits_be_noted()
        try:
            return self._app(environ, start)
        finally:
            _here.at = None

    def _let_visits_be_noted(self) -> None:
        """They are written behind the pages, some milliseconds later, and a story lets seconds pass
        between a page and its form."""
        visits = self._app.extensions["docket.visits"]
        deadline = time.monotonic() + 5
        while (visits._waiting or visits._pen.locked()) and time.monotonic() < deadline:
            time.sleep(0.001)


if "TIMED" in os.environ:  # a server asks, rather than a test
    application = Timed()
