"""`docket inbound`: one mail from stdin, and a status that mail servers understand."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.inbound import cli, envelopes
from app.services import Services
from tests.inbound.doors import kept, without_database
from tests.live import ROOT

MAIL = b"From: ada@members.example\nTo: r+1.x@news.example.org\n\nI wr\0te.\xff\n"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SENDER", "RECIPIENT", "ORIGINAL_RECIPIENT", "LOCAL_PART", "DOMAIN"):
        monkeypatch.delenv(name, raising=False)


def pipe(services: Services, raw: bytes, *arguments: str, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(main, ["inbound", *arguments], input=raw, obj=services)


def arrivals(services: Services) -> set[tuple[str | None, str]]:
    (mail,) = kept(services)
    assert {door for door, _sender, _recipient in mail.arrivals} == {"pipe"}
    return {(sender, recipient) for _door, sender, recipient in mail.arrivals}


def test_what_comes_is_kept_byte_for_byte(services: Services) -> None:
    ran = pipe(
        services, MAIL, "--sender", "Ada@members.example", "--recipient", "r+1.x@Ours.example"
    )
    assert (ran.exit_code, ran.output) == (0, "")
    assert kept(services)[0].raw == MAIL
    assert arrivals(services) == {("Ada@members.example", "r+1.x@ours.example")}


@pytest.mark.parametrize("sender", ["", "<>", "MAILER-DAEMON"])
def test_the_null_sender_has_several_names(services: Services, sender: str) -> None:
    assert pipe(services, MAIL, "--sender", sender).exit_code == 0
    assert arrivals(services) == {("", "")}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        # Postfix's local(8), for an alias or a .forward
        (
            {
                "SENDER": "a@b.example",
                "RECIPIENT": "me@x.example",
                "ORIGINAL_RECIPIENT": "r@x.example",
            },
            {("a@b.example", "me@x.example"), ("a@b.example", "r@x.example")},
        ),
        # Exim's pipe transport
        (
            {"SENDER": "", "LOCAL_PART": "r", "LOCAL_PART_SUFFIX": "+1", "DOMAIN": "x.example"},
            {("", "r+1@x.example")},
        ),
        ({}, {(None, "")}),
    ],
)
def test_delivery_agents_say_for_whom_it_is(
    services: Services, environ: dict[str, str], expected: set[tuple[str | None, str]]
) -> None:
    assert pipe(services, MAIL, **environ).exit_code == 0
    assert arrivals(services) == expected


def test_else_the_headers_that_they_wrote_say_it(services: Services) -> None:
    written = b"From MAILER-DAEMON Mon Jan  1 00:00:00 2024\nReturn-Path: <>\n"
    written += b"X-Original-To: B+1.x@news.example.org\nDelivered-To: docket@x.example\n"
    assert pipe(services, written + MAIL).exit_code == 0
    assert kept(services)[0].raw.startswith(b"Return-Path")
    assert arrivals(services) == {("", "b+1.x@news.example.org"), ("", "docket@x.example")}


def test_the_same_mail_again_is_the_same_mail(services: Services) -> None:
    for _number in range(2):
        assert pipe(services, MAIL, "--recipient", "a@x.example").exit_code == 0
    assert pipe(services, MAIL.replace(b"\n", b"\r\n"), "--recipient", "b@x.example").exit_code == 0
    assert arrivals(services) == {(None, "a@x.example"), (None, "b@x.example")}


def test_while_the_database_is_away_the_mail_server_keeps_it(services: Services) -> None:
    away = without_database(services)
    ran = pipe(away, MAIL)
    away.database.close()
    assert ran.exit_code == cli.TEMPFAIL
    assert "try again later" in ran.output
    assert "@" not in ran.output


def test_a_mistake_in_the_settings_costs_no_mail(services: Services, tmp_path: Path) -> None:
    assert pipe(services, MAIL, "--receipient", "x").exit_code == cli.TEMPFAIL
    command = [sys.executable, "-m", "app.cli", "inbound"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"DATA_DIR": str(tmp_path), "DATABASE_URL": "nonsense", "PATH": ""},
        input=MAIL,
        capture_output=True,
    )
    assert done.returncode == cli.TEMPFAIL
    assert b"Traceback" not in done.stderr
    assert kept(services) == []


def test_what_can_never_be_kept_is_not_tried_for_ever(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pipe(services, b"").exit_code == cli.DATAERR
    monkeypatch.setattr(cli, "SIZE_LIMIT", 10)
    assert pipe(services, MAIL).exit_code == cli.DATAERR
    assert kept(services) == []


def test_only_the_first_line_may_be_of_an_mbox() -> None:
    assert envelopes.without_from_line(b"From x\nFrom: y\n\nFrom z\n") == b"From: y\n\nFrom z\n"
    assert envelopes.without_from_line(MAIL) == MAIL
    assert envelopes.without_from_line(b"From x") == b""
