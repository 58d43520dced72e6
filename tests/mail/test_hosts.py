"""Which hosts are this machine."""

import pytest

from app.mail.hosts import is_loopback


@pytest.mark.parametrize("host", ["localhost", "docket.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_these_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "0.0.0.0",
        "::",
        "192.168.1.5",
        "10.0.0.1",
        "mail.example.org",
        "localhost.example.org",
        "notlocalhost",
        "127.0.0.1.example.org",
        "128.0.0.1",
        "2130706433",
        "127.1",
    ],
)
def test_these_are_not(host: str) -> None:
    assert not is_loopback(host)
