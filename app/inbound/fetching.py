"""GET over verified TLS, for the few addresses that a door has to ask: no redirects, no more than a
little, and not for long."""

import ssl
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit

TIMEOUT = 10  # seconds
LARGEST = 256 * 1024  # bytes


def fetch(url: str, context: ssl.SSLContext | None = None) -> bytes:
    """The body at an https URL. OSError when it cannot be had, or the answer is not 200."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise OSError("only https is asked")
    connection = HTTPSConnection(
        parts.hostname,
        parts.port,
        timeout=TIMEOUT,
        context=context or ssl.create_default_context(),
    )
    try:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}".rstrip("?"))
        answer = connection.getresponse()
        body = answer.read(LARGEST + 1)
    except HTTPException as error:
        raise OSError(f"no answer of HTTP: {type(error).__name__}") from None
    finally:
        connection.close()
    if answer.status != 200 or len(body) > LARGEST:
        raise OSError("another answer than was expected")
    return body
