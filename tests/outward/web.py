"""A web server on loopback that answers as it is told, and a DNS that says what it is told."""

import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.outside.links import Way
from app.outside.names import NoSuchName, Unanswered

HERE = "127.0.0.1"
Serve = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        web = self.server.web
        web.asked.append(
            Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
        )
        with suppress(OSError):
            web.pages.get(self.path, status(404))(self)

    do_HEAD = do_GET  # noqa: N815

    def say(self, head: str) -> None:
        self.wfile.write(head.replace("\n", "\r\n").encode())

    def log_message(self, *_arguments: Any) -> None:
        pass


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that its end waits for them
    web: "Web"

    def handle_error(self, *_arguments: Any) -> None:
        pass  # a client that hangs up is what is tested


@dataclass
class Web:
    """`pages`: what is served at which path. `ended`: for those that go on until then."""

    host: str = HERE
    context: ssl.SSLContext | None = None
    pages: dict[str, Serve] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Web":
        self._server = _Server((self.host, 0), Handler)
        self._server.web = self
        if self.context:
            self._server.socket = self.context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def address(self, path: str = "/", host: str = "") -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    def way(self, names: "FakeNames | None" = None, **values: Any) -> Way:
        """To this server and no other of loopback."""
        return Way(names or FakeNames(), allowed=(self.host,), ports=(self.port,), **values)

    @property
    def methods(self) -> list[str]:
        return [one.method for one in self.asked]


def status(code: int, **headers: str) -> Serve:
    lines = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return lambda handler: handler.say(f"HTTP/1.1 {code} So\n{lines}Content-Length: 0\n\n")


def to(location: str, code: int = 302) -> Serve:
    return status(code, Location=location)


def by_method(**pages: Serve) -> Serve:
    return lambda handler: pages[handler.command](handler)


class FakeNames:
    """Each of `addresses` is a list of answers, of which the last stays. A name of which nothing is
    known does not exist, and one in `silent` gives no answer."""

    def __init__(
        self,
        addresses: Mapping[str, list[list[str]]] | None = None,
        texts: Mapping[str, list[str]] | None = None,
        mail_servers: Mapping[str, list[str]] | None = None,
        silent: tuple[str, ...] = (),
    ) -> None:
        self.asked: list[tuple[str, str]] = []
        self._addresses = {name: list(answers) for name, answers in (addresses or {}).items()}
        self._texts, self._servers, self._silent = texts or {}, mail_servers or {}, silent

    def addresses(self, name: str, seconds: float) -> list[str]:
        self._ask("addresses", name)
        answers = self._addresses.get(name)
        if answers is None:
            raise NoSuchName
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def texts(self, name: str) -> list[str]:
        self._ask("texts", name)
        return self._of(self._texts, name)

    def mail_servers(self, name: str) -> list[str]:
        self._ask("mail servers", name)
        return self._of(self._servers, name)

    def _ask(self, kind: str, name: str) -> None:
        self.asked.append((kind, name))
        if name in self._silent:
            raise Unanswered

    def _of(self, records: Mapping[str, list[str]], name: str) -> list[str]:
        if name not in records:
            if any(name in known for known in (self._texts, self._servers, self._addresses)):
                return []
            raise NoSuchName
        return records[name]
