"""Whatever lies in the inbox can be looked at, at least by its source."""

import random
from pathlib import Path

import pytest

from app.mail.inbox import Inbox, Message, store

HTML = b"Content-Type: text/html; charset=utf-8\r\n"
WHOLE = (
    b"From: =?utf-8?q?a=?= <a@example.org>\r\nSubject: =?utf-8?b?4pyT?= h\xc3\xa9\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b1"\r\n\r\n'
    b"--b1\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=C3=A9\r\n"
    b"--b1\r\n" + HTML + b"Content-Disposition: inline\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--b1--\r\n"
)
JUNK = (
    b"", b'"', b";", b"=", b"\\", b"(", b"<", b"@", b"?", b":", b"*", b"'", b"\0", b"\xff",
    b"\r\n", b"\r\n ", b"=?utf-8?q?", b"--b1",
)  # fmt: skip


def _kept(folder: Path, source: bytes) -> Message:
    message = Inbox(folder).get(store(folder, "a@example.org", ["b@example.org"], source))
    assert message is not None
    assert message.source == source
    return message


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"\0\xff\xfe",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n",
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n--x\r\n',
        b"Content-Type: text/html; charset=no-such\r\n\r\n<p>\r\n",
        b"Content-Type: text/html; charset*0*=utf-8''a; charset\r\n\r\n<p>\r\n",
        b"Content-Type: text/html; charset*=\r\n\r\n<p>\r\n",
        b"Content-Type: text/html; charset*='\r\n\r\n<p>\r\n",
        # At these three the parser of Python 3.11 raises ValueError, TypeError and IndexError.
        b"Content-Type: \"\"; 0*=\x00''2\r\n\r\nx\r\n",
        b"Content-Type:(;charset*0*=\r\n\r\nx\r\n",
        b'Content-Type:"";t*\r\n\r\nx\r\n',
        HTML + b"Content-Transfer-Encoding: base64\r\n\r\n!!!not base64!!!\r\n",
        HTML + b"Content-Disposition: =?\r\n\r\n<p>\r\n",
        b"Subject: =?no-such?b?!!!?=\r\n\r\n",
        b"Subject: =?utf-8?b?gA=?=\r\nSubject:\r\n\r\n",
        b"Subject: \xff\xfe raw\r\n\r\n",
        b"Subject: " + b"x" * 100_000,
    ],
)
def test_broken_mail_is_kept_and_listed(tmp_path: Path, source: bytes) -> None:
    message = _kept(tmp_path, source)
    assert Inbox(tmp_path).list() == [message.summary]
    assert all(isinstance(value, str) for _, value in message.headers)


def test_bytes_that_are_no_text_do_not_hide_the_rest(tmp_path: Path) -> None:
    message = _kept(tmp_path, HTML + b"\r\n<p>good \xff bad</p>\r\n")
    assert message.html is not None
    assert message.html.strip() == "<p>good \N{REPLACEMENT CHARACTER} bad</p>"
    assert message.text is None


def test_one_broken_part_does_not_hide_the_other(tmp_path: Path) -> None:
    message = _kept(tmp_path, WHOLE.replace(b"text/html; charset=utf-8", b"text/html; charset=no"))
    assert message.html is None
    assert message.text is not None
    assert message.text.strip() == "aé"


def test_mail_with_anything_damaged_can_still_be_read(tmp_path: Path) -> None:
    assert _kept(tmp_path, WHOLE).html == "<b>"
    chance = random.Random(5)
    for _ in range(400):
        source = bytearray(WHOLE)
        for _ in range(chance.randint(1, 6)):
            at, length = chance.randrange(len(source)), chance.choice((0, 1, 2, 5, 20))
            source[at : at + length] = chance.choice(JUNK)
        _kept(tmp_path, bytes(source))
