"""Reading SMTP addresses: what they may say, and that a wrong one never shows its password."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.mail.rates import Rate
from app.mail.relay import Relay, parse_relays

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        ("smtp://mail.example.org", Relay("smtp", "mail.example.org", 25)),
        ("smtp://mail.example.org:2525", Relay("smtp", "mail.example.org", 2525)),
        ("smtp://mail.example.org/", Relay("smtp", "mail.example.org", 25)),
        ("smtp+starttls://mail.example.org", Relay("smtp+starttls", "mail.example.org", 587)),
        ("smtps://mail.example.org", Relay("smtps", "mail.example.org", 465)),
        ("SMTPS://Mail.Example.ORG", Relay("smtps", "mail.example.org", 465)),
        ("smtp://127.0.0.1:65535", Relay("smtp", "127.0.0.1", 65535)),
        ("smtp://[::1]", Relay("smtp", "::1", 25)),
        ("smtp://[2001:db8::25]:2525", Relay("smtp", "2001:db8::25", 2525)),
        ("smtps://u:p@[::1]:4650", Relay("smtps", "::1", 4650, "u", "p")),
    ],
)
def test_an_address_gives_a_relay(text: str, relay: Relay) -> None:
    assert parse_relays(text) == (relay,)


@pytest.mark.parametrize(
    ("written", "user", "password"),
    [
        ("docket:s3cret", "docket", "s3cret"),
        ("docket%40example.org:a%2Fb%3Fc%23d%40e%3Af", "docket@example.org", "a/b?c#d@e:f"),
        ("docket:100%25%20sure%2C%20yes", "docket", "100% sure, yes"),
        ("docket:a:b", "docket", "a:b"),
        ("docket:a@b", "docket", "a@b"),
        ("docket:a+b", "docket", "a+b"),
        ("d%C3%B6cket:%C3%BC", "döcket", "ü"),
    ],
)
def test_a_user_and_a_password_may_hold_anything_once_escaped(
    written: str, user: str, password: str
) -> None:
    (relay,) = parse_relays(f"smtp+starttls://{written}@mail.example.org")
    assert (relay.user, relay.password) == (user, password)
    assert (relay.host, relay.port) == ("mail.example.org", 587)


@pytest.mark.parametrize("between", [",", " ", ", ", "\n", " ,\t"])
def test_several_relays_keep_their_order(between: str) -> None:
    text = between.join(("smtp://a.example", "smtps://u:p@b.example", "smtp://[::1]:26"))
    assert [relay.name for relay in parse_relays(text)] == [
        "a.example:25",
        "b.example:465",
        "[::1]:26",
    ]


@pytest.mark.parametrize("text", ["", "  ", ",", "\n"])
def test_nothing_gives_no_relay(text: str) -> None:
    assert parse_relays(text) == ()


def test_a_file_of_authorities_may_be_named_and_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.touch()
    (relay,) = parse_relays(f"smtps://mail.example.org?ca={path}")
    assert relay.ca == path
    path.unlink()
    with pytest.raises(ValueError, match=r"file of authorities .*ca\.pem' does not exist"):
        parse_relays(f"smtps://mail.example.org?ca={path}")


def test_a_relay_shows_neither_user_nor_password() -> None:
    (relay,) = parse_relays(f"smtps://somebody:{SECRET}@mail.example.org")
    for shown in (repr(relay), str(relay), relay.name):
        assert SECRET not in shown
        assert "somebody" not in shown
        assert "mail.example.org" in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail.example.org", "begins with smtp://, smtp\\+starttls:// or smtps://"),
        ("mail.example.org:25", "begins with smtp://"),
        (f"https://u:{SECRET}@mail.example.org", "begins with smtp://"),
        (f"u:{SECRET}@mail.example.org", "begins with smtp://"),
        ("smtp://", "names a host, as in smtp://mail.example.org:25"),
        ("smtp://:25", "names a host"),
        (f"smtp://u:{SECRET}@", "names a host"),
        (f"smtp://u:{SECRET}@[::1", "names a host, as in .* smtp://\\[::1\\]:25"),
        (f"smtp://u:{SECRET}@not-an-ip]", "names a host"),
        (f"smtp://u:{SECRET}@mail.example.org:0", "port .* number from 1 to 65535"),
        (f"smtp://u:{SECRET}@mail.example.org:65536", "port .* number from 1 to 65535"),
        (f"smtp://u:{SECRET}@mail.example.org:-1", "port .* number from 1 to 65535"),
        (f"smtp://u:{SECRET}@mail.example.org:smtp", "port .* number from 1 to 65535"),
        (f"smtp://{SECRET}@mail.example.org", "a user and a password, or neither"),
        (f"smtp://u:@mail.example.org/?{SECRET}", "a user and a password, or neither"),
        (f"smtp://:{SECRET}@mail.example.org", "a user and a password, or neither"),
        (f"smtp://u:{SECRET}@mail.example.org/inbox", "write / as %2F"),
        (f"smtp://u:1/{SECRET}@mail.example.org", "write / as %2F"),
        (f"smtp://u:x/{SECRET}@mail.example.org", "write / as %2F"),
        (f"smtp://u:1?{SECRET}@mail.example.org", "\\? as %3F"),
        (f"smtp://u:?{SECRET}@mail.example.org", "\\? as %3F"),
        (f"smtp://u:1#{SECRET}@mail.example.org", "# as %23"),
        (f"smtp://u:{SECRET}@mail.example.org?timeout=5", "no option 'timeout'; it may have"),
        (f"smtp://u:{SECRET}@mail.example.org?connections=0", "connections .* from 1 to 1000"),
        (f"smtp://u:{SECRET}@mail.example.org?messages=x", "messages .* whole number"),
        (f"smtp://u:{SECRET}@mail.example.org?messages=", "messages .* whole number"),
        (f"smtp://u:{SECRET}@mail.example.org?per_second=1.5", "per_second .* whole number"),
        (f"smtp://u:{SECRET}@mail.example.org?weight=0", "weight .* from 1 to 1000"),
        (f"smtp://u:{SECRET}@mail.example.org?weight=1&weight=2", "option weight twice"),
        (f"smtp://u:{SECRET}@mail.example.org?domains=", "domains names domains"),
        (f"smtp://u:{SECRET}@mail.example.org?except=a..b", "except names domains"),
        (f"smtp://u:1,{SECRET}@mail.example.org", "begins with smtp://"),
        (f"smtp://a.example smtp://u:{SECRET}@mail.example.org:x", "port"),
    ],
)
def test_a_wrong_address_says_what_is_expected_and_never_the_password(
    text: str, expected: str
) -> None:
    with pytest.raises(ValueError, match=expected) as raised:
        parse_relays(text)
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_options_say_how_much_may_go_where() -> None:
    (relay,) = parse_relays(
        "smtp+starttls://mail.example.org?connections=8&messages=500&per_second=50&per_hour=5000"
        "&per_day=40000&weight=2&domains=gmail.com;*.Example.org;b\u00fccher.example&except=x.gmail.com"
    )
    assert (relay.connections, relay.messages, relay.weight) == (8, 500, 2)
    assert relay.rates == (Rate(50, 1), Rate(5000, 3600), Rate(40_000, 86_400))
    assert relay.domains == ("gmail.com", ".example.org", "xn--bcher-kva.example")
    assert relay.barred == ("x.gmail.com",)
    assert relay.dedicated
    assert hash(relay) == hash(replace(relay))


def test_without_options_a_relay_takes_everything_without_limit() -> None:
    (relay,) = parse_relays("smtp://mail.example.org")
    assert (relay.connections, relay.messages, relay.weight, relay.rates) == (4, 1000, 1, ())
    assert not relay.dedicated
    assert relay.takes("anything.example")


@pytest.mark.parametrize(
    ("options", "domain", "takes"),
    [
        ("domains=gmail.com", "gmail.com", True),
        ("domains=gmail.com", "GMAIL.com.", True),
        ("domains=gmail.com", "x.gmail.com", False),
        ("domains=gmail.com", "notgmail.com", False),
        ("domains=.gmail.com", "x.y.gmail.com", True),
        ("domains=.gmail.com", "gmail.com", False),
        ("domains=*.gmail.com", "x.gmail.com", True),
        ("domains=gmail.com;.gmail.com&except=x.gmail.com", "x.gmail.com", False),
        ("except=gmail.com", "gmail.com", False),
        ("except=gmail.com", "example.org", True),
        ("except=.example.org", "news.example.org", False),
        ("domains=xn--bcher-kva.example", "b\u00fccher.example", True),
        ("domains=gmail.com", "", False),
        ("domains=gmail.com", "\u00fc..example", False),
    ],
)
def test_domain_rules_say_what_goes_to_a_relay(options: str, domain: str, takes: bool) -> None:
    (relay,) = parse_relays(f"smtp://mail.example.org?{options}")
    assert relay.takes(domain) is takes
