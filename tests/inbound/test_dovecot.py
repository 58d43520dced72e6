"""Fetching from a real IMAP server, where one is installed."""

import os
from collections.abc import Iterator

import pytest

from app.links import Purpose
from app.services import Services
from tests.inbound.doors import kept
from tests.inbound.dovecot import Dovecot, dovecot, program
from tests.inbound.test_mailboxes import mail, one, with_mailbox

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(program() is None, reason="Dovecot is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="Dovecot gives up rights that only root has"),
]
LARGE = b"Subject: Large\r\n\r\n" + b"a line of some length\r\n" * 200_000


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
def test_mail_is_fetched_over_tls_and_no_flag_changes(
    services: Services, server: Dovecot, scheme: str
) -> None:
    fetching = with_mailbox(services, server.url(scheme))
    sent = [mail(1), LARGE, mail(3)]
    for number, raw in enumerate(sent):
        server.deliver(f"{number}.test", raw)
    found = one(fetching)
    assert (found.count, found.trouble) == (3, None)
    assert [stored.raw for stored in kept(fetching)] == sent
    assert server.names() == {"0.test", "1.test", "2.test"}  # no flag behind the name
    assert one(fetching).count == 0


def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    services: Services, server: Dovecot
) -> None:
    server.deliver("1.test", mail(1))
    for scheme in ("imaps", "imap+starttls"):
        found = one(with_mailbox(services, server.url(scheme, ca=False)))
        assert "CERTIFICATE_VERIFY_FAILED" in (found.trouble or "")
    assert kept(services) == []


def test_a_wrong_password_is_told_without_it(services: Services, server: Dovecot) -> None:
    found = one(with_mailbox(services, server.url(password="wr0ng-one")))
    assert "LoginError" in (found.trouble or "")
    assert "wr0ng" not in (found.trouble or "")


def test_when_the_index_is_lost_nothing_is_lost_or_doubled(
    services: Services, server: Dovecot
) -> None:
    fetching = with_mailbox(services, server.url())
    server.deliver("1.test", mail(1))
    assert one(fetching).count == 1
    server.lose_index()
    server.deliver("2.test", mail(2))
    assert one(fetching).count == 2
    assert len(kept(fetching)) == 2


def test_what_is_ours_is_moved_the_rest_stays(services: Services, server: Dovecot) -> None:
    server.deliver("1.test", mail(1, services.links.address(Purpose.REPLY, 3)))
    server.deliver("2.test", mail(2))
    found = one(with_mailbox(services, server.url(), "Done"))
    assert (found.count, found.trouble) == (2, None)
    assert len(server.names()) == len(server.names(".Done")) == 1
