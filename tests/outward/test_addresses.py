"""Which addresses may be looked at at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.outside.addresses import (
    Unfit,
    ascii_name,
    holds_password,
    is_public,
    page_of,
    target_of,
)
from app.outside.models import Trouble


@pytest.mark.parametrize("address", ["8.8.8.8", "193.0.6.139", "2001:67c:2e8:22::c100:68b"])
def test_an_address_of_the_public_internet_may_be_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1"),
        *("198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254"),
        *("fec0::1", "ff02::1", "ff0e::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8"),
        *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"),
        *("2001:db8::1", "3fff::1", "100::1", "5f00::1", "4000::1", "2001:67c::1%1"),
        *("", "localhost", "127.1", "0177.0.0.1", "2130706433", "8.8.8.8.8"),
    ],
)
def test_nothing_else_may(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("http://news.veridia", ("http", "news.veridia", 80, "/")),
        ("https://News.Veridia./a", ("https", "news.veridia", 443, "/a")),
        ("https://news.veridia:8443/x?y=1&z#top", ("https", "news.veridia", 8443, "/x?y=1&z")),
        (
            "https://news.veridia/caf\u00e9?q=\u00e9",
            ("https", "news.veridia", 443, "/caf%C3%A9?q=%C3%A9"),
        ),
        ("https://caf\u00e9.veridia/", ("https", "xn--caf-dma.veridia", 443, "/")),
        ("https://news.veridia/caf%C3%A9", ("https", "news.veridia", 443, "/caf%C3%A9")),
        ("http://[2001:67c::1]/", ("http", "2001:67c::1", 80, "/")),
    ],
)
def test_an_address_is_read_as_it_is_asked_for(
    address: str, asked: tuple[str, str, int, str]
) -> None:
    target = target_of(address)
    assert (target.scheme, target.host, target.port, target.path) == asked


@pytest.mark.parametrize(
    ("address", "trouble"),
    [
        ("ftp://news.veridia/", Trouble.ELSEWHERE),
        ("file:///etc/passwd", Trouble.ELSEWHERE),
        ("gopher://news.veridia/", Trouble.ELSEWHERE),
        ("//news.veridia/", Trouble.ELSEWHERE),
        ("mailto:ada@quill.veridia", Trouble.ELSEWHERE),
        ("https://ada:secret@news.veridia/", Trouble.PASSWORD),
        ("https://ada@news.veridia/", Trouble.PASSWORD),
        ("https://@news.veridia/", Trouble.PASSWORD),
        ("https:///path", Trouble.MALFORMED),
        ("https://news.veridia:99999/", Trouble.MALFORMED),
        ("https://news.veridia:x/", Trouble.MALFORMED),
        ("https://[::1/", Trouble.MALFORMED),
        ("https://[fe80::1%25eth0]/", Trouble.MALFORMED),
        ("https://news.veridia\\@10.0.0.1/", Trouble.MALFORMED),
        ("https://news.veridia/\r\nHost: x", Trouble.MALFORMED),
        ("https://news.veridia/a b", Trouble.MALFORMED),
        ("https://news%2everidia/", Trouble.MALFORMED),
        ("https://news..veridia/", Trouble.MALFORMED),
        ("http://2130706433/", Trouble.MALFORMED),
        ("http://0x7f000001/", Trouble.MALFORMED),
        ("http://0x7f.1/", Trouble.MALFORMED),
        ("http://127.1/", Trouble.MALFORMED),
        ("http://0177.0.0.1/", Trouble.MALFORMED),
        ("http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/", Trouble.MALFORMED),
        ("https://" + "a" * 64 + ".veridia/", Trouble.MALFORMED),
        ("https://news.veridia/" + "a" * 2000, Trouble.MALFORMED),
        ("https://\ud800.veridia/", Trouble.MALFORMED),
        ("", Trouble.ELSEWHERE),
    ],
)
def test_what_is_no_plain_address_of_the_web_is_not_asked_for(
    address: str, trouble: Trouble
) -> None:
    with pytest.raises(Unfit) as unfit:
        target_of(address)
    assert unfit.value.trouble is trouble


@given(st.text(max_size=80) | st.text(alphabet="htps:/@[]%.\\#?1aé{}", max_size=40))
def test_whatever_stands_in_a_draft_is_read_or_refused(text: str) -> None:
    for address in (text, f"https://{text}", f"http://news.veridia/{text}"):
        try:
            target = target_of(address)
        except Unfit:
            assert page_of(address.split("#")[0]) is None
            continue
        assert f"{target.host}{target.path}".isascii()
        assert not any(c.isspace() or c in "@\\" for c in target.host)


def test_one_page_is_kept_once_whatever_part_of_it_is_meant() -> None:
    assert page_of(" https://news.veridia/a#top ") == page_of("https://news.veridia/a")
    assert page_of("https://news.veridia/a?b#c") == "https://news.veridia/a?b"


@pytest.mark.parametrize(
    "address",
    [
        *("mailto:ada@quill.veridia", "https://ada:secret@news.veridia/", "notes.txt"),
        *("https://news.veridia/{{name}}", "https://news.veridia/%7B%7Bname%7D%7D"),
        *(
            "https://vigil.example/",
            "https://www.example.org/a",
            "https://quill.test",
            "http://x.onion",
        ),
    ],
)
def test_what_differs_by_member_is_made_up_or_secret_is_never_kept(address: str) -> None:
    assert page_of(address) is None


def test_a_name_or_a_password_in_a_link_is_seen() -> None:
    assert holds_password("https://ada:secret@news.veridia/")
    assert not holds_password("https://news.veridia/@ada")
    assert not holds_password("mailto:ada@quill.veridia")


def test_a_domain_is_asked_for_as_the_dns_has_it() -> None:
    assert ascii_name("Caf\u00e9.Veridia.") == "xn--caf-dma.veridia"
    assert ascii_name("a b.veridia") is None
    assert ascii_name("") is None
