"""What the DNS says of a sender's domain, and what we make of it."""

import pytest

from app.outside import domains
from app.outside.domains import Said, Sender, are_kin, dkim, dmarc, places_of_dmarc, spf
from app.outside.models import Record, Trouble
from newsletters.dkim import Signer
from tests.keys import ED25519, RSA
from tests.outward.web import FakeNames

HOME, BOUNCES = "quill.veridia", "news.quill.veridia"
SIGNER = Signer(RSA, HOME, "docket")
GOOD = {
    HOME: ["some other text"],
    BOUNCES: ["v=spf1 include:relay.veridia -all"],
    f"_dmarc.{HOME}": ["v=DMARC1; p=reject; rua=mailto:d@quill.veridia"],
    SIGNER.record_name: [SIGNER.record],
}
SERVERS = {BOUNCES: ["mx.quill.veridia"]}
SENDER = Sender(HOME, BOUNCES, SIGNER)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], Record.MISSING),
        (["google-site-verification=x", "v=spf10 -all", "spf1 -all"], Record.MISSING),
        (["v=spf1 mx -all"], Record.FINE),
        (["V=SPF1 MX ~ALL"], Record.FINE),
        (["other", "v=spf1 ip4:192.0.2.1 ~all exp=why.veridia"], Record.FINE),
        (["v=spf1 redirect=_spf.relay.veridia"], Record.FINE),
        (["v=spf1 mx ?all"], Record.OPEN),
        (["v=spf1 mx"], Record.OPEN),
        (["v=spf1"], Record.OPEN),
        (["v=spf1 mx +all"], Record.EVERYBODY),
        (["v=spf1 mx all"], Record.EVERYBODY),
        (["v=spf1 all -all"], Record.EVERYBODY),
        (["v=spf1 -all"], Record.NOBODY),
        (["v=spf1 mx -all", "v=spf1 a -all"], Record.SEVERAL),
        (["v=spf1 include:all.veridia"], Record.OPEN),
    ],
)
def test_spf_is_one_record_that_says_something_of_servers_it_does_not_name(
    texts: list[str], said: Record
) -> None:
    assert spf(texts) is said


@pytest.mark.parametrize(
    ("texts", "here", "below"),
    [
        ([], Record.MISSING, Record.MISSING),
        (["v=spf1 -all"], Record.MISSING, Record.MISSING),
        (["v=DMARC1; p=reject"], Record.FINE, Record.FINE),
        (["v=DMARC1;p=Quarantine;sp=none"], Record.FINE, Record.WATCHES),
        (["v=DMARC1; p=none; sp=reject"], Record.WATCHES, Record.FINE),
        (["v=DMARC1; rua=mailto:d@quill.veridia"], Record.UNREADABLE, Record.UNREADABLE),
        (["v=DMARC1; p=whatever"], Record.UNREADABLE, Record.UNREADABLE),
        (["v=DMARC1; p=none", "v=DMARC1; p=none"], Record.SEVERAL, Record.SEVERAL),
    ],
)
def test_dmarc_is_one_record_with_a_policy(texts: list[str], here: Record, below: Record) -> None:
    assert dmarc(texts, is_below=False) is here
    assert dmarc(texts, is_below=True) is below


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_dkim_is_our_key_published(key: object) -> None:
    signer = Signer(key, HOME, "docket")  # type: ignore[arg-type]
    p = signer.key.public
    assert dkim([signer.record], signer) is Record.FINE
    assert dkim([f"p = {p[:20]} {p[20:]} ; k={signer.key.algorithm}"], signer) is Record.FINE
    assert dkim(["another", "v=DKIM1; p=AAAA", signer.record], signer) is Record.FINE
    assert dkim(["v=DKIM1; k=rsa; p="], signer) is Record.DIFFERS
    assert dkim([f"v=DKIM1; k=other; p={p}"], signer) is Record.DIFFERS
    assert dkim(["another"], signer) is Record.MISSING


def test_a_key_is_rsa_where_its_record_does_not_say() -> None:
    assert dkim([f"v=DKIM1; p={RSA.public}"], SIGNER) is Record.FINE
    elliptic = Signer(ED25519, HOME, "docket")
    assert dkim([f"v=DKIM1; p={ED25519.public}"], elliptic) is Record.DIFFERS


def test_dmarc_is_looked_for_at_the_domain_and_above_it_but_for_the_last_label() -> None:
    assert list(places_of_dmarc("a.b.quill.veridia")) == [
        *("a.b.quill.veridia", "b.quill.veridia", "quill.veridia")
    ]
    assert list(places_of_dmarc("quill.veridia")) == ["quill.veridia"]
    assert len(list(places_of_dmarc(".".join("abcdefghijkl")))) < 8


@pytest.mark.parametrize(
    ("one", "other", "kin"),
    [
        (HOME, HOME, True),
        (HOME, BOUNCES, True),
        (BOUNCES, HOME, True),
        (BOUNCES, "mail.quill.veridia", True),
        (HOME, "relay.veridia", False),
        (HOME, "nquill.veridia", False),
        (HOME, "quill.marl", False),
    ],
)
def test_domains_are_kin_where_dmarc_may_see_one_in_the_other(
    one: str, other: str, kin: bool
) -> None:
    assert are_kin(one, other) is kin


def test_a_domain_where_all_is_well_is_fine() -> None:
    said = domains.look(SENDER, FakeNames(texts=GOOD, mail_servers=SERVERS))
    assert said == Said(Trouble.NONE, *[Record.FINE] * 4)


def test_a_domain_that_says_nothing_lacks_everything() -> None:
    said = domains.look(SENDER, FakeNames(texts={HOME: []}))
    assert said == Said(Trouble.NONE, *[Record.MISSING] * 4)


def test_a_domain_that_is_none_is_asked_once() -> None:
    names = FakeNames()
    assert domains.look(SENDER, names) == Said(Trouble.NO_NAME)
    assert len(names.asked) == 1


def test_without_a_key_of_ours_nothing_is_known_of_the_relays() -> None:
    names = FakeNames(texts=GOOD, mail_servers=SERVERS)
    assert domains.look(Sender(HOME, BOUNCES), names).dkim is Record.RELAYS
    assert ("texts", SIGNER.record_name) not in names.asked


def test_a_signature_for_a_stranger_does_not_help() -> None:
    sender = Sender(HOME, BOUNCES, Signer(RSA, "marl.veridia", "docket"))
    assert domains.look(sender, FakeNames(texts=GOOD)).dkim is Record.STRANGER


def test_dmarc_of_the_domain_above_holds_below() -> None:
    sender = Sender("legal.quill.veridia", BOUNCES)
    texts = {"legal.quill.veridia": [], f"_dmarc.{HOME}": ["v=DMARC1; p=reject; sp=none"]}
    assert domains.look(sender, FakeNames(texts=texts)).dmarc is Record.WATCHES


@pytest.mark.parametrize(
    ("servers", "addresses", "said"),
    [
        ({BOUNCES: ["mx.quill.veridia"]}, {}, Record.FINE),
        ({BOUNCES: []}, {BOUNCES: [["192.0.2.1"]]}, Record.FINE),
        ({BOUNCES: [""]}, {BOUNCES: [["192.0.2.1"]]}, Record.MISSING),
        ({BOUNCES: []}, {BOUNCES: [[]]}, Record.MISSING),
        ({}, {}, Record.MISSING),
    ],
)
def test_bounces_come_back_where_a_server_takes_them(
    servers: dict[str, list[str]], addresses: dict[str, list[list[str]]], said: Record
) -> None:
    texts = {HOME: [], BOUNCES: []}
    names = FakeNames(addresses, texts, servers)
    assert domains.look(SENDER, names).mx is said


@pytest.mark.parametrize(
    ("silent", "unknown"),
    [
        (BOUNCES, {"spf", "mx"}),
        (f"_dmarc.{HOME}", {"dmarc"}),
        (SIGNER.record_name, {"dkim"}),
        (HOME, {"spf", "dkim", "dmarc", "mx"}),
    ],
)
def test_what_the_dns_does_not_say_is_unknown_and_the_rest_is_known(
    silent: str, unknown: set[str]
) -> None:
    said = vars(domains.look(SENDER, FakeNames(None, GOOD, SERVERS, (silent,))))
    assert said.pop("trouble") is Trouble.NO_ANSWER
    assert {name for name, record in said.items() if record is Record.UNKNOWN} == unknown


@pytest.mark.parametrize("made_up", ["news.example.org", "localhost", "127.0.0.1"])
def test_a_return_path_that_leads_nowhere_is_not_asked_for(made_up: str) -> None:
    names = FakeNames(texts={HOME: []})
    said = domains.look(Sender(HOME, made_up), names)
    assert (said.spf, said.mx) == (Record.MISSING, Record.MISSING)
    assert {name for _kind, name in names.asked} == {HOME, f"_dmarc.{HOME}"} | (
        {made_up} if made_up == "127.0.0.1" else set()
    )
