"""What was seen is told to those who write the draft; what nobody saw is not."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import now
from app.issues.checks import Kind
from app.networks.models import Network
from app.outside.findings import FINE, WARNS, findings_of
from app.outside.models import DomainLook, LinkLook
from newsletters.content import CaseBlock, Link, Section
from tests import personas
from tests.newsletters.samples import WRITE
from tests.outward.conftest import DOMAIN, PAGE, content

Told = tuple[str, str, str, str]
DRAFT = content(f"[Read]({PAGE}).")


@pytest.fixture
def network(session: Session) -> Network:
    return personas.network(session, from_address=f"legal@{DOMAIN}")


def told(session: Session, network: Network, draft: object = DRAFT) -> list[Told]:
    return list(findings_of(session, draft, network, now()))  # type: ignore[arg-type]


def test_its_kinds_are_those_of_the_checks() -> None:
    assert (Kind(WARNS), Kind(FINE)) == (Kind.WARNS, Kind.FINE)


def test_what_nobody_looked_at_yet_is_no_finding(
    session: Session, network: Network, seen: Callable[..., LinkLook]
) -> None:
    assert told(session, network) == []
    seen(looked_at=None)
    assert told(session, network) == []


def test_what_was_seen_long_ago_says_nothing_of_today(
    session: Session,
    network: Network,
    seen: Callable[..., LinkLook],
    heard: Callable[..., DomainLook],
) -> None:
    seen(at=now() - timedelta(days=9), status=404)
    heard(at=now() - timedelta(days=9), spf="missing")
    assert told(session, network) == []


def test_links_that_answer_are_counted(
    session: Session, network: Network, seen: Callable[..., LinkLook]
) -> None:
    seen(status=200)
    assert told(session, network) == [("ok", "Links", "1 was tried and answers.", "")]
    seen("https://news.veridia/b", status=206)
    draft = content(f"[a]({PAGE}) [b](https://news.veridia/b) [a]({PAGE}#top)")
    assert told(session, network, draft) == [("ok", "Links", "2 were tried and answer.", "")]


@pytest.mark.parametrize(
    ("status", "trouble", "tries", "words"),
    [
        (404, "", 0, "is not there (404)."),
        (410, "", 0, "is not there (410)."),
        (503, "", 4, "answers with an error (503)."),
        (None, "no answer", 4, "does not answer."),
        (None, "no such name", 0, "leads to a name that does not exist. Look for a slip in it."),
        (None, "certificate", 0, "has a certificate that cannot be trusted. Browsers warn of it."),
        (None, "circles", 0, "leads from one page to the next without end."),
        (None, "private", 0, "leads into a private network, which members cannot reach."),
        (None, "password", 0, "leads on to an address that holds a name or a password."),
        (None, "malformed", 0, "leads to an address that cannot be read."),
        (503, "", 2, "has not answered so far. It is tried again."),
        (None, "no answer", 3, "has not answered so far. It is tried again."),
    ],
)
def test_a_link_that_is_broken_warns_and_says_where_it_stands(
    session: Session,
    network: Network,
    seen: Callable[..., LinkLook],
    status: int | None,
    trouble: str,
    tries: int,
    words: str,
) -> None:
    seen(status=status, trouble=trouble, tries=tries)
    assert told(session, network) == [("wait", PAGE, words, "introduction")]


@pytest.mark.parametrize(("status", "trouble"), [(500, ""), (None, "no answer")])
def test_one_failure_is_no_reason_to_alarm_anybody(
    session: Session,
    network: Network,
    seen: Callable[..., LinkLook],
    status: int | None,
    trouble: str,
) -> None:
    seen(status=status, trouble=trouble, tries=1)
    assert told(session, network) == []


@pytest.mark.parametrize(
    ("status", "trouble"), [(401, ""), (403, ""), (429, ""), (451, ""), (None, "elsewhere")]
)
def test_one_that_answers_though_not_to_us_is_fine_with_a_word(
    session: Session,
    network: Network,
    seen: Callable[..., LinkLook],
    status: int | None,
    trouble: str,
) -> None:
    seen(status=status, trouble=trouble)
    words = "answers, though not to us. Open it once yourself."
    assert told(session, network) == [("ok", PAGE, words, "introduction")]


def test_a_link_with_a_password_is_seen_at_once_and_not_repeated(
    session: Session, network: Network
) -> None:
    draft = content(closing="[Read](https://ada:hunter2@news.veridia/)")
    words = "A link holds a name or a password. Take it out."
    assert told(session, network, draft) == [("wait", "Links", words, "closing")]


def test_every_place_of_a_draft_is_read(
    session: Session, network: Network, seen: Callable[..., LinkLook]
) -> None:
    pages = [f"https://news.veridia/{number}" for number in range(7)]
    for page in pages:
        seen(page, status=404)
    said = [f"[x]({page})" for page in pages]
    ask = type(WRITE)(**vars(WRITE) | {"instructions": said[3]})
    blocks = (
        CaseBlock("block1", "Mira", "Port", "", said[1], note=said[2], asks=(ask,)),
        Section("block2", "text", body=said[4], link=Link(pages[5])),
    )
    draft = content(said[0], blocks=blocks, closing=said[6])
    assert [(where, field) for _kind, where, _what, field in told(session, network, draft)] == [
        (pages[0], "introduction"),
        (pages[1], ""),
        (pages[2], "block1-note"),
        (pages[3], "asks"),
        (pages[4], "block2-body"),
        (pages[5], "block2-address"),
        (pages[6], "closing"),
    ]


def test_a_domain_where_all_is_well_is_fine(
    session: Session, network: Network, heard: Callable[..., DomainLook]
) -> None:
    heard()
    words = "SPF, DKIM, DMARC, MX: as they should be."
    assert told(session, network) == [("ok", DOMAIN, words, "")]


@pytest.mark.parametrize(
    ("values", "where", "words"),
    [
        ({"spf": "missing"}, f"news.{DOMAIN}", "has no SPF record"),
        ({"spf": "several"}, f"news.{DOMAIN}", "has several SPF records"),
        ({"spf": "open"}, f"news.{DOMAIN}", "says nothing of other servers"),
        ({"spf": "everybody"}, f"news.{DOMAIN}", "lets every server send"),
        ({"spf": "nobody"}, f"news.{DOMAIN}", "lets no server send"),
        ({"dkim": "missing", "signs_for": "marl.veridia"}, "marl.veridia", "has no DKIM key"),
        ({"dkim": "differs"}, DOMAIN, "has another DKIM key"),
        (
            {"dkim": "stranger", "signs_for": "marl.veridia"},
            "marl.veridia",
            "is none of the sender",
        ),
        ({"dmarc": "missing"}, DOMAIN, "has no DMARC record"),
        ({"dmarc": "several"}, DOMAIN, "has several DMARC records"),
        ({"dmarc": "unreadable"}, DOMAIN, "without a policy that can be read"),
        ({"mx": "missing"}, f"news.{DOMAIN}", "has no mail server (MX)"),
        ({"trouble": "no such name"}, DOMAIN, "does not exist"),
    ],
)
def test_what_a_domain_lacks_warns_and_names_the_domain(
    session: Session,
    network: Network,
    heard: Callable[..., DomainLook],
    values: dict[str, str],
    where: str,
    words: str,
) -> None:
    heard(**values)
    [found] = [one for one in told(session, network) if one[0] == WARNS]
    assert found[1] == where
    assert words in found[2]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dkim": "relays"}, "its key cannot be seen from here"),
        ({"dmarc": "watches"}, "only watches (p=none)"),
        ({"trouble": "local inbox"}, "Mail goes to the local inbox, so the DNS was not asked."),
        ({"trouble": "no answer", "spf": ""}, "DKIM, DMARC, MX: as they should be."),
    ],
)
def test_what_cannot_be_known_is_no_reason_to_warn(
    session: Session,
    network: Network,
    heard: Callable[..., DomainLook],
    values: dict[str, str],
    words: str,
) -> None:
    heard(**values)
    found = told(session, network)
    assert {kind for kind, *_rest in found} == {FINE}
    assert any(words in what for _kind, _where, what, _field in found)


def test_nothing_is_said_of_a_dns_that_said_nothing(
    session: Session, network: Network, heard: Callable[..., DomainLook]
) -> None:
    heard(trouble="no answer", spf="", dkim="", dmarc="", mx="")
    assert told(session, network) == []


@pytest.mark.parametrize("domain", ["news.example.org", "quill.example", "localhost", "quill.test"])
def test_a_domain_that_is_made_up_is_said_to_be(session: Session, domain: str) -> None:
    network = personas.network(session, "medical", from_address=f"m@{domain}")
    words = "is made up or of this house alone, so its DNS was not asked."
    assert told(session, network) == [("ok", domain, words, "")]
