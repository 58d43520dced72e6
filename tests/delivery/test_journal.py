"""What a worker's journal says after its worker was killed, wherever that was."""

import errno
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery import journal
from app.delivery.journal import Fenced, Found, Journal, Read, parse
from app.mail.answers import Answer, Outcome, Stage, sort_failure, sort_reply, unsendable
from tests.delivery.cast import LATER, NEVER, OPEN, RELAY, TAKEN
from tests.processes import ROOT, process

Begin = Callable[..., Journal]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """begin() opens a journal, which is closed at the end."""
    with ExitStack() as stack:
        yield lambda name="w": stack.enter_context(closing(Journal(tmp_path / "journals", name)))


def read(book: Journal) -> Read:
    return parse("w", book.path.read_bytes())


def killed(book: Journal) -> Read:
    """What stands in the file of a process that is no more."""
    book.close()
    with closing(Found(book.path)) as found:
        assert found.owner_is_gone()
        return found.read()


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    stage, text = draw(st.sampled_from(Stage)), draw(st.text(max_size=700))
    relay = draw(st.sampled_from([RELAY, "[::1]:2525", "relay-2.example.net:587"]))
    kinds = [
        lambda: sort_reply(stage, draw(st.integers(-1, 999)), text, relay),
        lambda: sort_failure(stage, text, relay),
        lambda: unsendable(text),
    ]
    return draw(st.sampled_from(kinds))()


# What it says -----------------------------------------------------------------------------------


@given(said=st.dictionaries(st.integers(1, 10**12), answers(), max_size=8), begun=st.integers(1, 9))
def test_whatever_relays_say_is_read_as_it_was_said(
    tmp_path_factory: pytest.TempPathFactory, said: dict[int, Answer], begun: int
) -> None:
    book = Journal(tmp_path_factory.mktemp("journals"), "w")
    for key, answer in said.items():
        book.start(key)
        book.answer(key, answer)
    open_keys = {10**13 + n for n in range(begun)}
    for key in open_keys:
        book.start(key)
    book.flush()
    found = killed(book)
    assert (found.trusted, found.started, found.answered) == (True, open_keys, said)


def test_an_answer_of_no_relay_and_without_words_is_read_too(begin: Begin) -> None:
    book, silent = begin(), Answer(Outcome.GIVE_UP, Stage.MAIL, "", None, "")
    book.start(7)
    book.answer(7, silent)
    book.flush()
    assert read(book).answered == {7: silent}


def test_the_newest_line_of_a_delivery_counts(begin: Begin) -> None:
    book = begin()
    for key, answer in ((1, LATER), (1, TAKEN), (2, LATER)):
        book.start(key)
        book.answer(key, answer)
    book.start(2)
    book.flush()
    found = read(book)
    assert (found.started, found.answered) == ({2}, {1: TAKEN})


def test_what_was_taken_back_before_it_was_written_is_not_there(begin: Begin) -> None:
    book = begin()
    for key in (1, 11, 12):
        book.start(key)
    book.take_back(1)
    book.flush()
    assert read(book).started == {11, 12}


def test_nothing_is_in_the_file_before_it_is_flushed(begin: Begin) -> None:
    book = begin()
    book.start(1)
    assert read(book).started == set()
    book.flush()
    assert read(book).started == {1}


@given(name=st.text("abcdefghijklmnopqrstuvwxyz0123456789.-", min_size=1, max_size=120))
def test_the_first_line_has_one_length_whatever_the_name(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    book = Journal(tmp_path_factory.mktemp("journals"), f"w{name}")
    book.start(1)
    book.flush()
    found = killed(book)
    assert (found.trusted, found.started) == (True, {1})


# Damage -----------------------------------------------------------------------------------------


@pytest.fixture
def spoilt(begin: Begin) -> Callable[[bytes], Read]:
    """spoilt(b"...") is what is read of a journal that ends in these bytes."""

    def spoilt(data: bytes) -> Read:
        book = begin()
        book.start(1)
        book.flush()
        return parse("w", book.path.read_bytes() + data)

    return spoilt


@pytest.mark.parametrize("half", [b"S", b"S 2", b"A 1 sent dot 250 relay:25 2.0", b"A 1 sen"])
def test_half_a_line_at_the_end_was_never_acted_upon(
    spoilt: Callable[[bytes], Read], half: bytes
) -> None:
    """A killed write had not returned: nothing of it went out."""
    found = spoilt(half)
    assert (found.trusted, found.started, found.answered) == (True, {1}, {})


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"\0\0\0\0\n",
        b"S\n",
        b"S one\n",
        b"B 1 sent dot 250 relay:25 ok\n",
        b"A 1\n",
        b"A 1 sent\n",
        b"A 1 eaten dot 250 relay:25 ok\n",
        b"A 1 sent dot twofifty relay:25 ok\n",
        b"A 1 sent dot 250 relay:25 \xff\xfe\n",
    ],
)
def test_a_damaged_line_is_passed_over_and_the_end_is_not_believed(
    spoilt: Callable[[bytes], Read], line: bytes
) -> None:
    found = spoilt(line + b"S 2\n")
    assert not found.trusted
    assert (found.started, found.answered) == ({1, 2}, {})


@given(data=st.binary(max_size=400))
def test_no_file_keeps_anybody_from_reading_it(data: bytes) -> None:
    assert parse("w", data).worker == "w"


@pytest.mark.parametrize("data", [b"", b"\0" * 300, b"- {}", b"- [1]" + b" " * 300])
def test_a_file_without_its_first_line_is_not_believed(data: bytes) -> None:
    assert not parse("w", data).trusted


def test_after_another_boot_its_end_may_be_missing(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = begin()
    book.start(1)
    book.flush()
    assert read(book).trusted
    monkeypatch.setattr(journal, "boot_id", lambda: "another")
    assert not read(book).trusted
    assert read(book).started == {1}


def test_a_machine_that_cannot_name_its_boot_is_not_believed(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "boot_id", lambda: "")
    assert not read(begin()).trusted


# Its disk ---------------------------------------------------------------------------------------


def _fills_up(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """A disk with room for so many bytes of the next write."""
    write = os.pwrite

    def pwrite(descriptor: int, data: bytes, at: int) -> int:
        if not room:
            raise OSError(errno.ENOSPC, "full")
        return write(descriptor, data[:room], at)

    monkeypatch.setattr(os, "pwrite", pwrite)


@pytest.mark.parametrize("room", [0, 1, 5])
def test_a_full_disk_takes_all_of_it_or_nothing_and_nothing_is_forgotten(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    book = begin()
    book.start(1)
    book.flush()
    before = book.path.read_bytes()
    book.answer(1, TAKEN)
    book.start(2)
    with monkeypatch.context() as full:
        _fills_up(full, room)
        with pytest.raises(OSError, match=r"full|space"):
            book.flush()
    assert book.path.read_bytes() == before
    book.flush()
    found = read(book)
    assert (found.trusted, found.started, found.answered) == (True, {2}, {1: TAKEN})


def test_what_was_taken_back_while_the_disk_was_full_is_not_written_later(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = begin()
    book.start(1)
    with monkeypatch.context() as full:
        _fills_up(full, 2)
        with pytest.raises(OSError, match=r"full|space"):
            book.flush()
    book.take_back(1)
    book.flush()
    assert read(book).started == set()


def test_a_disk_too_full_for_a_new_file_keeps_the_old_one_going(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "COMPACT_AT", 300)
    book = begin()
    _start(book, range(50))
    with monkeypatch.context() as full:
        _fills_up(full, 3)
        with pytest.raises(OSError, match=r"full|space"):
            book.compact([7])
    assert [path.name for path in book.path.parent.iterdir()] == [book.path.name]
    _start(book, [99])
    assert read(book).started == {*range(50), 99}


# Compacting -------------------------------------------------------------------------------------


def _start(book: Journal, keys: "range | list[int]") -> None:
    for key in keys:
        book.start(key)
    book.flush()


def test_a_small_journal_is_left_as_it_is(begin: Begin) -> None:
    book = begin()
    _start(book, range(50))
    book.compact([])
    assert read(book).started == set(range(50))


def test_compacting_keeps_what_is_in_flight_and_it_goes_on(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "COMPACT_AT", 300)
    book = begin()
    _start(book, range(50))
    book.answer(3, TAKEN)
    book.flush()
    book.compact([7, 9])
    assert read(book).started == {7, 9}
    assert read(book).answered == {}
    book.answer(7, TAKEN)
    _start(book, [60])
    found = killed(book)
    assert (found.trusted, found.started, found.answered) == (True, {9, 60}, {7: TAKEN})


def test_who_opened_the_file_before_it_was_compacted_takes_nothing_over(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "COMPACT_AT", 300)
    book = begin()
    _start(book, range(50))
    with closing(Found(book.path)) as found:
        book.compact([7])
        assert not found.owner_is_gone()
        assert not found.fence()
        found.delete()
    assert read(book).started == {7}


# Who holds it -----------------------------------------------------------------------------------


def test_the_owner_is_gone_once_its_lock_is(begin: Begin) -> None:
    book = begin()
    with closing(Found(book.path)) as found:
        assert not found.owner_is_gone()
    book.close()
    with closing(Found(book.path)) as found:
        assert found.owner_is_gone()
        assert found.worker == "w"


def test_two_that_come_to_take_over_do_not_both_get_it(begin: Begin) -> None:
    book = begin()
    book.close()
    with closing(Found(book.path)) as first, closing(Found(book.path)) as second:
        assert first.owner_is_gone()
        assert not second.owner_is_gone()
        first.delete()
    assert not book.path.exists()


def test_who_comes_after_it_was_deleted_gets_nothing(begin: Begin) -> None:
    book = begin()
    book.close()
    with closing(Found(book.path)) as late:
        with closing(Found(book.path)) as first:
            assert first.owner_is_gone()
            first.delete()
        assert not late.owner_is_gone()


def test_no_journal_can_be_found_before_its_owner_holds_it(
    tmp_path: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that looks between the two would take over from a worker that begins."""
    seen, flock = list[Path](), fcntl.flock

    def looked_at_first(descriptor: int, operation: int) -> None:
        seen.extend((tmp_path / "journals").glob("*" + journal.SUFFIX))
        flock(descriptor, operation)

    monkeypatch.setattr(journal.fcntl, "flock", looked_at_first)
    begin()
    assert seen == []


def test_own_journals_are_not_found(begin: Begin) -> None:
    mine, closed = begin("mine"), begin("closed")
    assert journal.found(mine.path.parent) == []
    closed.close()
    assert journal.found(mine.path.parent) == [closed.path]
    mine.delete()
    assert journal.found(closed.path.parent) == [closed.path]


def test_a_fenced_owner_starts_nothing_more(begin: Begin) -> None:
    book = begin()
    _start(book, [1])
    with closing(Found(book.path)) as found:
        assert found.fence()
    book.start(2)
    with pytest.raises(Fenced):
        book.flush()
    assert read(book).started == {1}
    assert read(book).trusted


def test_a_fenced_owner_does_not_compact(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "COMPACT_AT", 300)
    book = begin()
    _start(book, range(50))
    with closing(Found(book.path)) as found:
        assert found.fence()
    with pytest.raises(Fenced):
        book.compact([])
    assert read(book).started == set(range(50))


_OWNER = """
import fcntl, sys, time
from pathlib import Path
from app.delivery.journal import Journal
from tests.delivery.cast import TAKEN

book = Journal(Path(sys.argv[1]), "other")
book.start(1); book.answer(1, TAKEN); book.start(2); book.flush()
if sys.argv[2] == "writing":
    fcntl.lockf(book._fd, fcntl.LOCK_EX, 1)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.slow
def test_another_process_is_read_once_it_was_killed(tmp_path: Path) -> None:
    owner = (sys.executable, "-c", _OWNER, tmp_path, "idle")
    with process(*owner, PYTHONPATH=str(ROOT)) as running:
        running.line_with("ready")
        [path] = journal.found(tmp_path)
        with closing(Found(path)) as found:
            assert not found.owner_is_gone()
            running.send(signal.SIGKILL)
            running.end()
            assert found.owner_is_gone()
            seen = found.read()
    assert (seen.trusted, seen.started, seen.answered) == (True, {2}, {1: TAKEN})


@pytest.mark.slow
@pytest.mark.parametrize(("busy", "fenced"), [("idle", True), ("writing", False)])
def test_nobody_is_fenced_in_the_middle_of_a_write(tmp_path: Path, busy: str, fenced: bool) -> None:
    owner = (sys.executable, "-c", _OWNER, tmp_path, busy)
    with process(*owner, PYTHONPATH=str(ROOT)) as running:
        running.line_with("ready")
        running.send(signal.SIGSTOP)
        [path] = journal.found(tmp_path)
        with closing(Found(path)) as found:
            assert found.fence() is fenced
        assert path.read_bytes().startswith(b"X" if fenced else b"-")
        running.send(signal.SIGCONT)


# What it must not bring up again ----------------------------------------------------------------


@pytest.mark.parametrize("answer", [TAKEN, LATER, NEVER, OPEN])
def test_an_answer_ends_what_was_started(begin: Begin, answer: Answer) -> None:
    book = begin()
    book.start(1)
    book.answer(1, answer)
    book.flush()
    assert (read(book).started, read(book).answered) == (set(), {1: answer})


def test_what_is_taken_back_after_it_was_written_is_as_if_it_had_not_begun(begin: Begin) -> None:
    """A relay in trouble refused it: it goes back into the hand, and perhaps to another worker."""
    book = begin()
    _start(book, [1, 2])
    book.answer(2, LATER)
    _start(book, [2])
    book.take_back(1)
    book.take_back(2)
    book.flush()
    found = read(book)
    assert (found.trusted, found.started, found.answered) == (True, set(), {})


def test_what_is_begun_again_after_it_was_taken_back_is_started(begin: Begin) -> None:
    book = begin()
    _start(book, [1])
    book.take_back(1)
    _start(book, [1])
    assert read(book).started == {1}


def test_answers_are_written_behind_the_fence_and_starts_are_not(begin: Begin) -> None:
    book = begin()
    _start(book, [1, 2])
    with closing(Found(book.path)) as found:
        assert found.fence()
    book.answer(1, TAKEN)
    book.start(3)
    book.flush_answers()
    found_then = killed(book)
    assert (found_then.started, found_then.answered) == ({2}, {1: TAKEN})


def test_what_is_settled_is_an_old_story(begin: Begin) -> None:
    """A later take-over must not take it for news."""
    book = begin()
    book.start(1)
    book.answer(1, LATER)
    _start(book, [2])
    book.settled()
    book.start(3)
    book.answer(3, NEVER)
    book.flush()
    found = read(book)
    assert (found.trusted, found.started, found.answered) == (True, {2}, {3: NEVER})
