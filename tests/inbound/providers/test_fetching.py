"""What is fetched from Amazon comes over TLS that is verified, whole, and from there alone."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from app.inbound.fetching import LARGEST, fetch
from tests.mail.certificates import certificate, server_context

ANSWERS = {
    "/small.pem": (200, b"certificate"),
    "/?Action=x": (200, b"confirmed"),
    "/moved": (302, b""),
    "/gone": (404, b"none"),
    "/large": (200, b"x" * (LARGEST + 1)),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.send_header("Location", "/small.pem")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def serving(path: Path) -> Iterator[str]:
    class Server(HTTPServer):
        def handle_error(self, *_arguments: object) -> None:
            pass  # clients that do not trust us hang up

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = server_context(path).wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def trusted(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    path = certificate(tmp_path)
    return path, ssl.create_default_context(cafile=str(path))


def test_what_is_there_is_fetched_and_nothing_else(trusted: tuple[Path, ssl.SSLContext]) -> None:
    path, context = trusted
    with serving(path) as base:
        assert fetch(f"{base}/small.pem", context) == b"certificate"
        assert fetch(f"{base}/?Action=x", context) == b"confirmed"
        for other in ("/moved", "/gone", "/large"):
            with pytest.raises(OSError, match="another answer"):
                fetch(base + other, context)


def test_a_certificate_that_nobody_vouches_for_is_not_believed(tmp_path: Path) -> None:
    with serving(certificate(tmp_path)) as base, pytest.raises(ssl.SSLCertVerificationError):
        fetch(f"{base}/small.pem")


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "file:///x", "https://", "x", ""])
def test_only_https_is_asked(url: str) -> None:
    with pytest.raises(OSError, match="https"):
        fetch(url)


def test_nobody_there_is_an_error_of_the_network() -> None:
    with pytest.raises(OSError):
        fetch("https://127.0.0.1:1/x")
