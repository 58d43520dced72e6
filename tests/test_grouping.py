"""Group commit: who comes while a transaction runs goes into the next one, with all the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from app.grouping import Group, NotWritten


class Ledger:
    """Transactions that can be held up, and that fail when they are told to."""

    def __init__(self) -> None:
        self.written: list[list[int]] = []
        self.fails = False
        self._open: list[int] = []

    @contextmanager
    def transaction(self) -> Iterator[list[int]]:
        self._open = []
        yield self._open
        if self.fails:
            raise OSError("the disk is full")
        self.written.append(self._open)


def adding(number: int) -> object:
    def job(connection: list[int]) -> int:
        connection.append(number)
        return number * 10

    return job


def together(group: Group, ledger: Ledger, count: int) -> list[object]:
    """What each of `count` threads got that came while one before them was at work."""
    begun, go_on = Event(), Event()
    results: list[object] = [None] * count

    def hold(connection: list[int]) -> None:
        begun.set()
        assert go_on.wait(30)
        connection.append(-1)

    def ask(number: int) -> None:
        try:
            results[number] = group.run(adding(number))  # type: ignore[arg-type]
        except NotWritten as error:
            results[number] = error

    holder = Thread(target=lambda: group.run(hold))
    holder.start()
    assert begun.wait(30)
    threads = [Thread(target=ask, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    while len(group._waiting) < count:
        pass  # they are on their way
    go_on.set()
    for thread in (holder, *threads):
        thread.join(30)
    return results


def test_one_alone_is_written_at_once() -> None:
    ledger = Ledger()
    group = Group(ledger.transaction)
    assert [group.run(adding(n)) for n in (1, 2)] == [10, 20]  # type: ignore[arg-type]
    assert ledger.written == [[1], [2]]


def test_all_who_wait_share_the_next_transaction_and_get_what_is_theirs() -> None:
    ledger = Ledger()
    group = Group(ledger.transaction)
    assert together(group, ledger, 7) == [number * 10 for number in range(7)]
    assert ledger.written[0] == [-1]
    assert sorted(ledger.written[1]) == list(range(7))
    assert len(ledger.written) == 2
    assert group.run(adding(3)) == 30  # type: ignore[arg-type]


def test_nobody_is_told_that_a_failed_transaction_was_written() -> None:
    ledger = Ledger()
    group = Group(ledger.transaction)
    ledger.fails = True
    with pytest.raises(NotWritten) as caught:
        group.run(adding(1))  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, OSError)
    ledger.fails = False
    assert group.run(adding(2)) == 20  # type: ignore[arg-type]
    assert ledger.written == [[2]]


def test_a_job_that_raises_is_written_with_none_of_those_beside_it() -> None:
    ledger = Ledger()
    group = Group(ledger.transaction)

    def broken(_connection: list[int]) -> None:
        raise ValueError

    with pytest.raises(NotWritten):
        group.run(broken)
    assert ledger.written == []
    assert group.run(adding(4)) == 40  # type: ignore[arg-type]
