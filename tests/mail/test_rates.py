"""Limits by recipient domain, as a setting says them."""

import pytest

from app.mail.rates import Rate, parse_domain_limits, parse_rate


def test_limits_are_read_by_domain() -> None:
    text = " gmail.com=20/second, *.Outlook.com = 600/Minute,b\u00fccher.example=5/hour ,"
    assert parse_domain_limits(text) == {
        "gmail.com": Rate(20, 1),
        ".outlook.com": Rate(600, 60),
        "xn--bcher-kva.example": Rate(5, 3600),
    }


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_nothing_is_no_limit(text: str) -> None:
    assert parse_domain_limits(text) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gmail.com", "'gmail.com' is not a limit such as gmail.com=20/second"),
        ("=20/second", "is not a limit"),
        ("a b=20/second", "is not a limit"),
        ("a..b=20/second", "is not a limit"),
        ("gmail.com=20", "'20' is not a rate such as 20/second"),
        ("gmail.com=0/second", "is not a rate"),
        ("gmail.com=20/fortnight", "is not a rate"),
        ("gmail.com=20/day/hour", "is not a rate"),
        ("gmail.com=1/day, GMAIL.com=2/day", "'gmail.com' has two limits"),
    ],
)
def test_a_wrong_limit_says_what_is_expected(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_domain_limits(text)


def test_a_rate_is_shown_as_it_is_written() -> None:
    for text in ("20/second", "600/minute", "5000/hour", "1/day"):
        assert str(parse_rate(text)) == text
    assert str(Rate(3, 7)) == "3/7 s"
