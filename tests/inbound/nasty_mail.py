"""Mails that are built to hurt whoever reads them."""

MEGABYTE = 1024 * 1024
_HEAD = b"From: a@b.example\r\nTo: x@news.example.org\r\nMessage-ID: <nasty@b.example>\r\n"


def _lines(size: int) -> bytes:
    return (b"x" * 76 + b"\r\n") * (size // 78)


def _nested(depth: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (n, n)
        for n in range(depth)
    )


def _parts(count: int) -> bytes:
    part = b"--B\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
    return b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + part * count + b"--B--\r\n"


NASTY = {
    "50 MB": lambda: _HEAD + b"\r\n" + _lines(50 * MEGABYTE),
    "50 MB in one line": lambda: _HEAD + b"\r\n" + b"x" * (50 * MEGABYTE) + b"\r\n",
    "39 MB": lambda: _HEAD + b"\r\n" + _lines(39_000_000),
    "10,000 parts": lambda: _HEAD + _parts(10_000),
    "10,000 parts in each other": lambda: _HEAD + _nested(10_000),
    "a header of a million characters": lambda: (
        _HEAD + b"X-Long: " + b"y" * 1_000_000 + b"\r\n\r\nHello\r\n"
    ),
    "77,000 addressees": lambda: (
        _HEAD + b"Cc: " + b"a@b.example, " * 77_000 + b"\r\n\r\nHello\r\n"
    ),
    "100,000 header fields": lambda: _HEAD + b"X-Many: 1\r\n" * 100_000 + b"\r\nHello\r\n",
    "no header": lambda: b"just words\r\nand no header\r\n",
    "nothing": lambda: b"",
    "NULs": lambda: _HEAD + b"Subject: a\0b\r\n\r\na\0b\r\n" + b"\0" * 100_000 + b"\r\n",
    "broken MIME": lambda: (
        _HEAD + b"Content-Type: multipart/mixed; boundary=\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n--\r\n\xff\xfe=?utf-8?b?////?=\r\n"
    ),
    "a million dots": lambda: _HEAD + b"\r\n" + b".\r\n" * 1_000_000,
}  # fmt: skip
