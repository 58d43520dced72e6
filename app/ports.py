"""Ports of this machine: which are free, and where something that listens can be reached."""

import errno
import socket
from ipaddress import ip_address
from typing import Any

HIGHEST = 65535


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there. OSError when it never could, whatever else runs."""
    family, address = _resolve(host, port)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections that are still closing must not count, as they do not for a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        return True


def first_free(host: str, port: int) -> int:
    """The first free port of a hundred from `port` upwards, or one of the system's choosing."""
    nearby = range(port, min(port + 100, HIGHEST + 1)) if port else ()
    free = (candidate for candidate in nearby if is_free(host, candidate))
    return next(free, 0) or _any_free(host)


def accepts(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def is_wildcard(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def reachable(host: str) -> str:
    """Where this machine itself reaches a server that listens on `host`."""
    if is_wildcard(host):
        return "::1" if ":" in host else "127.0.0.1"
    return host


def _any_free(host: str) -> int:
    family, address = _resolve(host, 0)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind(address)
        return int(probe.getsockname()[1])


def _resolve(host: str, port: int) -> tuple[int, Any]:
    family, *_rest, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, address
