"""The supervisor, over small programs that live and die in every way."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from app.supervisor import words
from tests.processes import LifeLine, Process, process

pytestmark = pytest.mark.slow

WAIT = "import signal; signal.pause()\n"
IGNORE = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
PID = "import os; print('pid', os.getpid())\n"


def supervised(**programs: str) -> AbstractContextManager[Process]:
    return process(sys.executable, "-m", "tests.supervised", json.dumps(programs))


def pid_in(line: str) -> int:
    return int(line.split()[-1])


@pytest.fixture
def life(tmp_path: Path) -> Iterator[LifeLine]:
    line = LifeLine(tmp_path / "life")
    yield line
    line.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_every_child_and_nothing_is_said_of_it(
    life: LifeLine, number: int
) -> None:
    with supervised(first=life.source() + WAIT, second=WAIT) as running:
        life.taken()
        running.line_with("ready")
        running.send(number)

        assert running.end() == 0
        assert "Traceback" not in running.output
    life.gone()


def test_a_child_that_is_killed_is_started_again(life: LifeLine) -> None:
    with supervised(child=PID + WAIT) as running:
        first = pid_in(running.line_with("pid"))
        os.kill(first, signal.SIGKILL)

        assert "child ended (SIGKILL); it is started again." in running.line_with("ended")
        assert pid_in(running.line_with("pid")) != first


def test_a_child_that_always_dies_at_once_is_given_up_with_its_last_words() -> None:
    with supervised(child="print('no such port'); raise SystemExit(3)", other=WAIT) as running:
        assert running.end() == 1
    assert running.output.count("child | no such port") == 5
    assert running.output.count("child ended (status 3); it is started again.") == 4
    assert running.output.endswith("gave up on\nchild\n" + "no such port\n" * 5)


def test_a_child_that_will_not_stop_is_killed_after_a_while(life: LifeLine) -> None:
    with supervised(child=IGNORE + life.source() + WAIT) as running:
        life.taken()
        running.send(signal.SIGTERM)

        assert running.end() == 0
    life.gone()


def test_a_second_stop_signal_does_not_wait_for_a_child_that_will_not_stop(
    life: LifeLine,
) -> None:
    stubborn = (
        "import signal; signal.signal(signal.SIGTERM, lambda *_: print('no'))\n"
        + life.source()
        + "while True: signal.pause()"
    )
    with supervised(child=stubborn) as running:
        life.taken()
        running.send(signal.SIGINT)
        running.line_with("no")
        running.send(signal.SIGINT)

        assert running.end() == 0
    life.gone()


def test_what_a_child_needs_ends_after_it() -> None:
    says = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit('asked'))\n"
    programs = {"needed": says + PID + WAIT, "first needs needed": says + PID + WAIT}
    with supervised(**programs) as running:
        running.line_with("pid")
        running.line_with("pid")
        running.send(signal.SIGTERM)
        assert running.line_with("asked").startswith("first")
        assert running.line_with("asked").startswith("needed")
        assert running.end() == 0


def test_what_a_dead_child_leaves_behind_is_ended_too(life: LifeLine, tmp_path: Path) -> None:
    grandchild, mark = life.source() + WAIT, str(tmp_path / "begun")
    parent = (
        "import os, subprocess, sys\n"
        f"if not os.path.exists({mark!r}):\n"  # the child that comes after it has no grandchild
        f"    open({mark!r}, 'w').close()\n"
        f"    subprocess.Popen([sys.executable, '-c', {grandchild!r}])\n"
    )
    with supervised(child=parent + PID + WAIT) as running:
        pid = pid_in(running.line_with("pid"))
        life.taken()
        os.kill(pid, signal.SIGKILL)
        running.line_with("started again")
        life.gone()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_children_end_when_the_supervisor_itself_is_killed(life: LifeLine) -> None:
    with supervised(child=life.source() + WAIT) as running:
        life.taken()
        running.line_with("ready")
        running.send(signal.SIGKILL)
        life.gone()


def test_output_is_shown_line_by_line_under_the_names_of_the_children() -> None:
    talk = "print('one\\ntwo'); print('no line break', end=''); raise SystemExit"
    with supervised(a=talk, longer=WAIT) as running:
        assert running.line_with("one") == "a      | one\n"
        assert running.line_with("two") == "a      | two\n"
        assert running.line_with("no line") == "a      | no line break\n"


def test_an_end_by_a_signal_is_named_and_one_by_a_status_numbered() -> None:
    assert words(-signal.SIGSEGV) == "SIGSEGV"
    assert words(0) == "status 0"
