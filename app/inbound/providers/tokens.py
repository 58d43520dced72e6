"""Providers that sign nothing send a secret with each post (RFC 6750, RFC 7617)."""

import hmac
from base64 import b64decode

from app.inbound.providers.shapes import Unsigned


def verify(authorization: str, token: str) -> None:
    """Of an Authorization header: Bearer's token, or Basic's password under any name. Unsigned
    otherwise."""
    if not token or not hmac.compare_digest(_given(authorization), token.encode()):
        raise Unsigned("the Authorization header does not carry this door's token")


def _given(authorization: str) -> bytes:
    scheme, _space, given = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return given.strip().encode("utf-8", "replace")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(given.strip(), validate=True).partition(b":")[2]
    except ValueError:
        return b""
