"""A client that keeps its connections, and tells the service what time it is (timed.py)."""

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlencode

from tests.bench.firing import HOST, PATIENCE
from tests.bench.timed import HEADER
from tests.zoo.mail import DAY, Request, forms

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Asker:
    """Each thread has connections of its own, one for each address that it comes from."""

    def __init__(self, port: int, sent_at: datetime, threads: int) -> None:
        self._port, self._sent_at = port, sent_at
        self._own = threading.local()
        self._all: list[http.client.HTTPConnection] = []
        self._pairs = ThreadPoolExecutor(2 * threads)

    def ask(self, request: Request) -> str:
        """The page. RuntimeError when the service failed."""
        at = self._sent_at + timedelta(seconds=request.after)
        headers = {HEADER: repr(at.timestamp()), **request.headers}
        body = None if request.fields is None else urlencode(request.fields)
        connection = self._connection(request.address)
        sent = headers | (FORM if body else {})
        connection.request(request.method, request.path, body=body, headers=sent)
        answer = connection.getresponse()
        page = answer.read().decode()
        if answer.status >= 500:
            raise RuntimeError(f"{request.method} answered {answer.status}")
        return page

    def post_twice(self, path: str) -> None:
        """A person's answer, and the same again at the same moment."""
        page = self.ask(Request("GET", path, 20 * DAY))
        fields = forms(page)[0].hidden | {"answer": "done"}
        tap = Request("POST", path, 20 * DAY + 9, fields)
        for one in [self._pairs.submit(self.ask, tap) for _time in range(2)]:
            one.result()

    def close(self) -> None:
        self._pairs.shutdown()
        for connection in self._all:
            with suppress(OSError):
                connection.close()

    def _connection(self, address: int) -> http.client.HTTPConnection:
        held: dict[int, http.client.HTTPConnection] = self._own.__dict__.setdefault("held", {})
        if address not in held:
            source = (f"127.0.0.{address}", 0)
            held[address] = http.client.HTTPConnection(
                HOST, self._port, timeout=PATIENCE, source_address=source
            )
            self._all.append(held[address])
        return held[address]
