"""How several relays share the work."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.delivery.shares import LEAD, Shares


def offered(shares: Shares, names: list[str], turns: int, each: int = 1) -> dict[str, int]:
    """How many messages each took, in turns in which each of these has a connection free."""
    took = dict.fromkeys(names, 0)
    for _ in range(turns):
        for name in names:
            for _ in range(each):
                if shares.may_take(name):
                    shares.took(name)
                    took[name] += 1
        shares.turn()
    return took


@given(
    weights=st.lists(st.integers(1, 20), min_size=2, max_size=4),
    each=st.integers(1, 8),
)
@settings(max_examples=30)
def test_relays_that_always_ask_share_by_weight_in_the_long_run(
    weights: list[int], each: int
) -> None:
    shares = Shares({str(n): weight for n, weight in enumerate(weights)})
    took = offered(shares, [str(n) for n in range(len(weights))], 800, each)
    times = [took[str(n)] / weight for n, weight in enumerate(weights)]
    assert max(times) - min(times) <= LEAD + 1


def test_one_relay_takes_all_it_can() -> None:
    assert offered(Shares({"a": 3}), ["a"], 100) == {"a": 100}


def test_a_relay_that_is_away_keeps_nobody_waiting() -> None:
    shares = Shares({"a": 1, "b": 1})
    offered(shares, ["a", "b"], 20)
    assert offered(shares, ["b"], 1000)["b"] >= 990


def test_a_relay_that_was_away_does_not_catch_up() -> None:
    shares = Shares({"a": 1, "b": 1})
    offered(shares, ["b"], 1000)
    took = offered(shares, ["a", "b"], 100)
    assert abs(took["a"] - took["b"]) <= LEAD + 2


@pytest.mark.parametrize("first", ["a", "b"])
def test_who_begins_does_not_matter(first: str) -> None:
    shares = Shares({"a": 1, "b": 1})
    second = "b" if first == "a" else "a"
    took = offered(shares, [first, second], 500)
    assert abs(took["a"] - took["b"]) <= LEAD + 1
