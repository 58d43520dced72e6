"""Log lines: one each, and nobody's address or token in any."""

import io
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError, OperationalError

from app import logs
from app.config import load
from app.links import Links, Purpose

LINKS = Links(["k" * 40], "https://docket.example.org", "news.example.org")
TOKENS = st.builds(
    LINKS.sign, st.sampled_from(Purpose), st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1)
)
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LOOKED_FOR = 8  # a shorter local part may stand in words of ours


def made(render: Callable[[logs.Fields], str], message: str, *args: object, **extra: object) -> str:
    record = logging.getLogger("docket.test").makeRecord(
        "docket.test", logging.INFO, __file__, 1, message, args, None, extra=extra or None
    )
    return logs.Formatter(render).format(record)


def told(error: BaseException) -> str:
    """The line of an exception that was raised and caught."""
    try:
        raise error
    except BaseException:
        info = sys.exc_info()
    record = logging.LogRecord("docket.test", logging.ERROR, __file__, 1, "it failed", (), info)
    return logs.Formatter(logs.as_json).format(record)


@contextmanager
def set_up_anew(log_format: str = "text") -> Iterator[io.StringIO]:
    """Logging set up on a stderr that is looked at; all of it undone afterwards. No fixture, since
    pytest puts handlers and a stderr of its own in between."""
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", *logs.QUIET)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(root, "handlers", [])
        patch.setattr(sys, "stderr", io.StringIO())
        patch.setattr(sys, "excepthook", sys.excepthook)
        patch.setattr(threading, "excepthook", threading.excepthook)
        logs.set_up(load({"LOG_FORMAT": log_format}))
        yield sys.stderr  # type: ignore[misc]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize("render", logs.RENDERERS.values(), ids=list(logs.RENDERERS))
@given(address=st.emails(), before=AROUND, after=AROUND)
def test_no_address_comes_through_wherever_it_stands(
    render: Callable[[logs.Fields], str], address: str, before: str, after: str
) -> None:
    local, _, domain = address.partition("@")
    text = f"{before}{address}{after}"
    for line in (
        made(render, text),
        made(render, "%s for %s", "no", text),
        made(render, "no", member=text),
        made(render, "no", member=[text]),
        told(OperationalError("SELECT", {}, Exception(text))),
    ):
        assert f"@{domain}" not in line
        assert len(local) < LOOKED_FOR or local not in line
        assert len(line.splitlines()) == 1


@pytest.mark.parametrize("render", logs.RENDERERS.values(), ids=list(logs.RENDERERS))
@given(token=TOKENS, before=AROUND, after=AROUND, shouted=st.booleans())
def test_no_token_comes_through_wherever_it_stands(
    render: Callable[[logs.Fields], str], token: str, before: str, after: str, shouted: bool
) -> None:
    token = token.upper() if shouted else token
    secret = token.rpartition(".")[2]
    text = f"{before}https://docket.example.org/r/{token}{after}"
    for line in (made(render, text), made(render, "%s", text), made(render, "no", link=text)):
        assert secret not in line


@pytest.mark.parametrize(
    "text",
    [
        '"quill ada"@example.org',
        "<ada.quill@example.org>:",
        "ada.quill%40example.org",
        "ada.quill=40example.org",
        "smtp://ada:quill@mail.example.org",
        "ada.quill＠example.org",
        "RCPT TO:<ada.quill@example.org> SIZE=3",
        "адаquill@почта.example",
    ],
)
def test_an_address_is_seen_through_its_disguises(text: str) -> None:
    assert "quill" not in logs.redacted(text)
    assert logs.ADDRESS in logs.redacted(text)


def test_what_is_neither_stays_as_it_is() -> None:
    for text in (
        "relay mail.example.org:587 answers 421 4.7.0 later",
        "IntegrityError at app.networks.inviting:62",
        "issue 3: 1,000 deliveries in 2.5 s",
        "",
    ):
        assert logs.redacted(text) == text


def test_the_seal_of_a_form_goes_with_its_token() -> None:
    token = LINKS.sign(Purpose.ANSWER, 7, 9)
    assert logs.redacted(f"seal {LINKS.seal(token)} given") == f"seal {logs.TOKEN} given"


def test_a_line_of_text_is_pairs_that_can_be_read_back() -> None:
    at = datetime(2026, 3, 10, tzinfo=UTC)
    line = made(logs.as_text, "issue frozen", issue=3, share=0.5, urgent=True, why=None, at=at)
    time, _, rest = line.partition(" ")
    assert datetime.fromisoformat(time.removeprefix("time=")).tzinfo == UTC
    assert rest == (
        'level=info logger=docket.test event="issue frozen" issue=3 share=0.5 urgent=true '
        "why=null at=2026-03-10T00:00:00+00:00"
    )


def test_a_line_of_json_is_an_object_with_the_same_fields() -> None:
    found = json.loads(made(logs.as_json, "issue %s frozen", 3, deliveries=7, share=float("nan")))
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "info",
        "logger": "docket.test",
        "event": "issue 3 frozen",
        "deliveries": 7,
        "share": "nan",
    }


@pytest.mark.parametrize("render", logs.RENDERERS.values(), ids=list(logs.RENDERERS))
@given(st.text())
def test_nothing_forges_a_line_or_a_field(render: Callable[[logs.Fields], str], text: str) -> None:
    line = made(render, "no", reason=text + "\nlevel=error\x1b[2J\u2028\u202e")
    assert line.isprintable()
    assert " level=error" not in line


def test_an_exception_is_told_by_type_and_place_alone() -> None:
    row = Exception("Key (email)=(ada@example.org) name Ada Quill")
    line = told(IntegrityError("INSERT INTO member", {"name": "Ada Quill"}, row))
    found = json.loads(line)
    assert found["error"].startswith("IntegrityError at tests.test_logs:")
    assert found["stack"].startswith("tests.test_logs:")
    assert "Ada" not in line
    assert "INSERT" not in line


def test_the_systems_reason_is_told() -> None:
    assert logs.in_a_line(OSError(28, "No space left on device", "ada@example.org")) == (
        "OSError: No space left on device"
    )


def test_a_place_of_ours_is_preferred_to_a_librarys() -> None:
    from app.mail.relay import parse_relays

    with pytest.raises(ValueError) as caught:
        parse_relays("nowhere")
    assert logs.in_a_line(caught.value).startswith("ValueError at app.mail.relay:")


def test_set_up_writes_lines_of_ours_and_hushes_libraries() -> None:
    with set_up_anew() as stderr:
        logging.getLogger("docket.worker").info("sent to %s", "ada@example.org")
        logging.getLogger("apscheduler.executors").info("tick")
        logging.getLogger("docket.worker").debug("detail")
        [line] = stderr.getvalue().splitlines()
    assert 'level=info logger=docket.worker event="sent to [address]"' in line


def test_the_setting_chooses_the_form() -> None:
    with set_up_anew("json") as stderr:
        logging.getLogger("docket.worker").info("sent")
        assert json.loads(stderr.getvalue())["event"] == "sent"


def test_set_up_leaves_alone_what_is_set_up() -> None:
    with set_up_anew():
        handlers, hook = list(logging.getLogger().handlers), sys.excepthook
        logs.set_up(load({"LOG_FORMAT": "json"}))
        assert logging.getLogger().handlers == handlers
        assert sys.excepthook is hook


def test_a_line_that_cannot_be_made_does_not_tell_its_arguments() -> None:
    with set_up_anew() as stderr:
        logging.getLogger("docket.worker").info("%d members", "ada@example.org")
        line = stderr.getvalue()
    assert re.fullmatch(r'level=error event="a log line failed" where=test_logs:\d+\n', line)


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    with set_up_anew() as stderr, pytest.MonkeyPatch.context() as patch:
        stderr.close()
        logging.getLogger("docket.worker").info("sent")
        patch.setattr(sys, "stderr", None)
        logging.getLogger("docket.worker").info("sent")


def test_what_nobody_caught_is_a_line_without_its_words() -> None:
    def crash() -> None:
        raise ValueError("Ada Quill, ada@example.org")

    with set_up_anew() as stderr:
        thread = threading.Thread(target=crash)
        thread.start()
        thread.join()
        try:
            crash()
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
        lines = stderr.getvalue().splitlines()
    assert len(lines) == 2
    for line in lines:
        assert "level=critical" in line
        assert "ValueError at tests.test_logs:" in line
        assert "Ada" not in line
