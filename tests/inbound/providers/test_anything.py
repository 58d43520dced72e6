"""Whatever is posted, it is read or refused in our words; and what is read fits what we keep."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inbound.providers import brevo, mailgun, posted, postmark, reading, sendgrid, ses
from app.inbound.providers.shapes import Event, Malformed, RawMail
from app.inbound.providers.sns import Notice
from tests.inbound.providers import posts

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["\ud800", "a\0b", "x@y", "Bounce", "9" * 5000, -1, 1e300, 10**400])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def in_notice(read: Callable[[Notice], Any]) -> Callable[[bytes], Any]:
    return lambda body: read(Notice("Notification", "t", "i", body.decode("utf-8", "replace"), ""))


READERS: dict[str, Callable[[bytes], Any]] = {
    "ses": in_notice(ses.events),
    "ses mail": in_notice(ses.raw_mails),
    "sendgrid": sendgrid.events,
    "postmark": postmark.events,
    "postmark mail": postmark.raw_mails,
    "mailgun": mailgun.events,
    "brevo": brevo.events,
}
SAMPLES: dict[str, Any] = {
    "ses": posts.ses_bounce(),
    "ses mail": posts.ses_received("eA=="),
    "sendgrid": [posts.sendgrid("bounce", status="5.1.1")],
    "postmark": posts.postmark_bounce("HardBounce"),
    "postmark mail": {"RawEmail": "x", "ToFull": [{"Email": "x@y"}], "OriginalRecipient": "x@y"},
    "mailgun": posts.mailgun_failed("permanent", "bounce", code=550),
    "brevo": posts.brevo("hard_bounce", reason="5.1.1"),
}


def holds(found: list[Event | RawMail]) -> None:
    for one in found:
        if isinstance(one, RawMail):
            assert one.raw
            continue
        for words in (one.recipient, one.text, one.status or "", one.message_id or ""):
            assert len(words) <= 502
            assert words.isprintable() or all(c not in words for c in "\0\r\n\u2028")
            words.encode()  # what no database takes does not come so far
        assert one.event_id
        assert one.at is None or one.at.tzinfo is UTC


def read(name: str, value: object) -> None:
    try:
        found = READERS[name](json.dumps(value).encode())
    except Malformed:
        return
    holds(found)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in it, the whole included."""
    found = [path]
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        found += places(value[key], (*path, key))  # type: ignore[index]
    return found


def put(value: Any, path: tuple[Any, ...], other: object) -> Any:
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], other)
    return copy


@pytest.mark.parametrize("name", READERS)
def test_the_samples_are_read(name: str) -> None:
    found = READERS[name](json.dumps(SAMPLES[name]).encode())
    assert found
    holds(found)


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=150)
def test_any_json_in_any_place(name: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(places(SAMPLES[name])))
    read(name, put(SAMPLES[name], path, data.draw(JSON)))


@pytest.mark.parametrize("name", READERS)
@given(st.binary(max_size=200))
def test_any_bytes(name: str, body: bytes) -> None:
    with suppress(Malformed):
        holds(READERS[name](body))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "body", [b"", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"NaN", b"\xef\xbb\xbf{}"]
)
def test_bombs(name: str, body: bytes) -> None:
    with suppress(Malformed):
        holds(READERS[name](body))


@given(st.binary(max_size=400), st.text(max_size=60))
def test_forms_of_any_kind(body: bytes, content_type: str) -> None:
    types = (content_type, "multipart/form-data; boundary=b", "application/x-www-form-urlencoded")
    for kind in types:
        with suppress(Malformed):
            holds(list(posted.raw_mails(kind, b"--b\r\n" + body)))


@given(st.text(max_size=80))
def test_an_address_is_one_or_nothing(words: str) -> None:
    found = reading.address(words)
    assert not found or ("@" in found and " " not in found and found == found.lower())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ada <Ada@Example.com>", "ada@example.com"),
        ("<ada@example.com>", "ada@example.com"),
        ("ada@example.com", "ada@example.com"),
        ("<>", ""),
        ("ada", ""),
        ("a@b, c@d", ""),
        ("x" * 400 + "@example.com", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_an_address_in_all_its_clothes(value: object, expected: str) -> None:
    assert reading.address(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1795435198, "2026-11-23T11:59:58+00:00"),
        ("1795435198", "2026-11-23T11:59:58+00:00"),
        (1795435198000, "2026-11-23T11:59:58+00:00"),
        ("2026-11-23T12:59:58+01:00", "2026-11-23T11:59:58+00:00"),
        ("2026-11-23T11:59:58", None),  # of which zone?
        ("2026-11-23", None),
        (0, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        (-5, None),
        ("9" * 5000, None),
        ("0001-01-01T00:00:00+23:59", None),
        ({}, None),
    ],
)
def test_a_time_in_all_its_clothes(value: object, expected: str | None) -> None:
    found = reading.moment(value)
    assert (found and found.isoformat()) == expected
