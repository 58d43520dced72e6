"""Bounces in the dialects of many mail systems, ordinary mail, and mail that means harm.

Written from parameters, in words of our own, of the shapes that the RFCs and the systems'
documents give.
"""

import base64
import quopri
from collections.abc import Callable, Iterator
from typing import NamedTuple

US = "bulletin@news.example.org"
MEMBER = "anna.kovacs@members.example.net"
RETURN_PATH = "b+1z4.abcdefghijklmnopqrstuvwx@news.example.org"
HEADER = (
    f"Return-Path: <{RETURN_PATH}>\n"
    "Received: from out.news.example.org ([192.0.2.7]) by mx.example.net; "
    "Mon, 2 Mar 2026 10:00:00 +0000\n"
    f"From: The bulletin <{US}>\n"
    "To: Anna <{to}>\n"
    "Reply-To: <r+1z4.abcdefghijklmnopqrstuvwx@news.example.org>\n"
    "Subject: Two letters to write\n"
    "Message-ID: <1z4.zyxwvutsrqponmlkjihgfedc@news.example.org>\n"
    "List-Unsubscribe: <https://news.example.org/u/1>, "
    "<mailto:u+1z4.abcdefghijklmnopqrstuvwx@news.example.org>\n"
    "Date: Mon, 2 Mar 2026 09:59:58 +0000\n"
)


class Bounce(NamedTuple):
    """What a bounce is written from."""

    to: str = MEMBER
    status: str = "5.1.1"
    said: str = "550 5.1.1 User unknown"
    action: str = "failed"


def mail(headers: str, body: str) -> bytes:
    return (headers + "\n" + body).encode("utf-8", "surrogateescape")


def returned(bounce: Bounce) -> str:
    return HEADER.format(to=bounce.to) + "\nDear Anna, two letters wait for you.\n"


def _top(sender: str, subject: str, extra: str = "") -> str:
    return (
        f"From: {sender}\nTo: {RETURN_PATH}\nSubject: {subject}\n"
        f"Date: Mon, 2 Mar 2026 10:01:00 +0000\nMIME-Version: 1.0\n{extra}"
    )


def _status(bounce: Bounce) -> str:
    return (
        "Reporting-MTA: dns; mx.example.net\nArrival-Date: Mon, 2 Mar 2026 10:00:00 +0000\n\n"
        f"Final-Recipient: rfc822; {bounce.to}\nAction: {bounce.action}\nStatus: {bounce.status}\n"
        f"Remote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; {bounce.said}\n"
    )


def report(
    bounce: Bounce,
    sender: str = "MAILER-DAEMON@mx.example.net (Mail Delivery System)",
    encoding: str = "7bit",
    status: str | None = None,
) -> bytes:
    """RFC 3464 in RFC 6522; `encoding`: of the delivery status."""
    fields = status or _status(bounce)
    if encoding == "base64":
        fields = base64.encodebytes(fields.encode()).decode()
    if encoding == "quoted-printable":
        fields = quopri.encodestring(fields.encode()).decode().replace("@", "=40")
    return mail(
        _top(
            sender,
            "Undelivered Mail Returned to Sender",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"\n'
            "Auto-Submitted: auto-replied\n",
        ),
        "--=_b\nContent-Description: Notification\nContent-Type: text/plain; charset=utf-8\n\n"
        "Your message did not get to everyone. What the other server said is below.\n\n"
        "--=_b\nContent-Type: message/delivery-status\n"
        f"Content-Transfer-Encoding: {encoding}\n\n{fields}\n"
        f"--=_b\nContent-Type: message/rfc822\n\n{returned(bounce)}\n--=_b--\n",
    )


def damaged_report(bounce: Bounce) -> bytes:
    """Its boundary was lost: it reads as one text."""
    return report(bounce).replace(b'boundary="=_b"', b'boundary="=_other"')


def headless_report(bounce: Bounce) -> bytes:
    """The returned header alone, and no text for people."""
    return mail(
        _top(
            "<>",
            "Delivery Status Notification (Failure)",
            'Content-Type: multipart/report;\n report-type="delivery-status"; boundary=xyz\n',
        ),
        f"--xyz\nContent-Type: message/delivery-status\n\n{_status(bounce)}\n"
        f"--xyz\nContent-Type: text/rfc822-headers\n\n{HEADER.format(to=bounce.to)}\n--xyz--\n",
    )


def qmail(bounce: Bounce) -> bytes:
    return mail(
        _top("MAILER-DAEMON@mx.example.net", "failure notice"),
        "Hi. This is the qmail-send program at mx.example.net.\n"
        "It was not possible to deliver what you wrote to the following addresses.\n\n"
        f"<{bounce.to}>:\nRemote host said: {bounce.said} (#{bounce.status})\n\n"
        f"--- Below this line is a copy of the message.\n\n{returned(bounce)}",
    )


def exim(bounce: Bounce) -> bytes:
    return mail(
        _top(
            "Mail Delivery System <Mailer-Daemon@mx.example.net>",
            "Mail delivery failed: returning message to sender",
            f"X-Failed-Recipients: {bounce.to}\nAuto-Submitted: auto-replied\n",
        ),
        "Created automatically by mail delivery software. It could not be delivered to one or\n"
        f"more of its recipients:\n\n  {bounce.to}\n    SMTP error from remote mail server after "
        f"RCPT TO:<{bounce.to}>:\n    host mx.example.net [192.0.2.9]: {bounce.said}\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\n"
        f"{returned(bounce)}",
    )


def sendmail(bounce: Bounce) -> bytes:
    return mail(
        _top("Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>", "Returned mail: see below"),
        "The original message was received at Mon, 2 Mar 2026 10:00:00 GMT\n\n"
        f"   ----- The following addresses had permanent fatal errors -----\n<{bounce.to}>\n\n"
        f"   ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n"
        f">>> RCPT To:<{bounce.to}>\n<<< {bounce.said}\n\n"
        f"   ----- Original message follows -----\n\n{returned(bounce)}",
    )


def exchange(bounce: Bounce) -> bytes:
    """Without a delivery status, as the older ones write to the Internet."""
    return mail(
        _top("System Administrator <postmaster@mx.example.net>", "Undeliverable: Two letters"),
        "Your message\n\n  To:      Anna\n  Subject: Two letters to write\n\n"
        f"did not reach the following recipient(s):\n\n{bounce.to} on Mon, 2 Mar 2026 10:00\n"
        f"    {bounce.said}\n      < mx.example.net #{bounce.status} >\n",
    )


def web_mail(bounce: Bounce) -> bytes:
    """HTML alone, as some providers of web mail have it."""
    return mail(
        _top(
            "MAILER-DAEMON@web.example.net",
            "Mail delivery failed",
            "Content-Type: text/html; charset=utf-8\n",
        ),
        "<html><head><style>p{color:red}</style></head><body><p>Sorry, your message was not "
        f"delivered to</p><p>&lt;{bounce.to}&gt;</p><p>{bounce.said}</p></body></html>\n",
    )


def returned_only(bounce: Bounce) -> bytes:
    """Nothing names the recipient but the returned mail."""
    return mail(
        _top(
            "MAILER-DAEMON@mx.example.net",
            "Delivery failure",
            'Content-Type: multipart/mixed; boundary="q"\n',
        ),
        f"--q\nContent-Type: text/plain\n\nWe could not deliver your message: {bounce.said}\n\n"
        f"--q\nContent-Type: message/rfc822\n\n{returned(bounce)}\n--q--\n",
    )


DIALECTS: tuple[Callable[[Bounce], bytes], ...] = (
    report,
    damaged_report,
    headless_report,
    qmail,
    exim,
    sendmail,
    exchange,
    web_mail,
    returned_only,
)


def abuse_report(
    feedback: str = "abuse", recipient: str = f"Original-Rcpt-To: {MEMBER}\n", to: str = MEMBER
) -> bytes:
    """RFC 5965."""
    return mail(
        _top(
            "feedback@isp.example.net",
            "FW: Two letters to write",
            'Content-Type: multipart/report; report-type=feedback-report; boundary="f"\n',
        ),
        "--f\nContent-Type: text/plain\n\nThis is an email abuse report for a message that came "
        "in.\n\n--f\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {feedback}\nUser-Agent: Loop/1.0\nVersion: 1\n{recipient}"
        f"Original-Mail-From: <{RETURN_PATH}>\n\n"
        f"--f\nContent-Type: message/rfc822\n\n{returned(Bounce(to=to))}\n--f--\n",
    )


def junk_report() -> bytes:
    """Microsoft's: no feedback report, the recipient in a header of the attached mail."""
    attached = f"X-HmXmrOriginalRecipient: {MEMBER}\n{returned(Bounce(to='hidden@example'))}"
    return mail(
        _top(
            "staff@hotmail.com",
            "complaint about message from 192.0.2.7",
            'Content-Type: multipart/mixed; boundary="j"\n',
        ),
        f"--j\nContent-Type: message/rfc822\n\n{attached}\n--j--\n",
    )


def ordinary() -> Iterator[tuple[str, bytes]]:
    """(what it is, mail that is no bounce)."""
    person = "Anna Kovacs <anna.kovacs@members.example.net>"
    bounce = report(Bounce()).decode()
    yield "a reply", mail(_top(person, "Re: Two letters to write"), "I sent both.\n\n> Dear Anna\n")
    yield (
        "a newsletter",
        mail(
            _top(
                "News <news@paper.example.com>", "This week", "List-Id: <week.paper.example.com>\n"
            ),
            "Mail could not be delivered to the flooded villages for a week.\n",
        ),
    )
    yield (
        "speaks of a bounce",
        mail(
            _top(person, "Delivery failure?"),
            "Hello, my letter to the minister was returned: 550 5.1.1 user unknown.\n"
            "What now?\nAnna\n",
        ),
    )
    yield (
        "quotes a bounce",
        mail(
            _top(person, "Re: Undelivered Mail Returned to Sender"),
            "".join(f"> {line}\n" for line in bounce.splitlines()) + "\nWhat does this mean?\n",
        ),
    )
    yield (
        "forwards a bounce in its words",
        mail(
            _top(person, "Fwd: Undelivered Mail Returned to Sender"),
            f"See below, please.\n\n---------- Forwarded message ----------\n{bounce}",
        ),
    )
    yield (
        "forwards a bounce attached",
        mail(
            _top(person, "Fw: failure notice", 'Content-Type: multipart/mixed; boundary="w"\n'),
            "--w\nContent-Type: text/plain\n\nIt could not be delivered, it says.\n"
            f"--w\nContent-Type: message/rfc822\n\n{bounce}\n--w--\n",
        ),
    )
    yield (
        "a list's post on bounces",
        mail(
            _top(
                "Bo <bo@lists.example.com>",
                "[mta] Mail delivery failed: 550 from a relay",
                "List-Id: <mta.lists.example.com>\nList-Post: <mailto:mta@lists.example.com>\n",
            ),
            "My server says 550 5.1.1 user unknown for MAILER-DAEMON@mx.example.com.\n"
            "Who knows why?\n",
        ),
    )
    yield (
        "out of office",
        mail(
            _top(
                person,
                "Out of office: Two letters to write",
                "Auto-Submitted: auto-replied\nReturn-Path: <>\n",
            ),
            "I am away until Monday. Your message will not be forwarded.\n",
        ),
    )
    yield (
        "left the house",
        mail(
            _top(person, "Automatic reply: Two letters", "Auto-Submitted: auto-replied\n"),
            "Anna no longer works here; this mailbox is not read. Write to info@example.net.\n",
        ),
    )
    yield (
        "a receipt of reading",
        mail(
            _top(
                person,
                "Read: Two letters",
                "Content-Type: multipart/report; "
                'report-type=disposition-notification; boundary="d"\n',
            ),
            "--d\nContent-Type: text/plain\n\nYour message was read on Monday.\n"
            "--d\nContent-Type: message/disposition-notification\n\n"
            f"Final-Recipient: rfc822;{MEMBER}\nDisposition: manual-action/MDN-sent-manually; "
            "displayed\n\n--d--\n",
        ),
    )
    yield (
        "a postmaster's notice",
        mail(
            _top("Postmaster <postmaster@isp.example.net>", "Maintenance on Sunday"),
            "The servers will be away from 2 to 4. Mail is kept and delivered afterwards.\n",
        ),
    )
    yield (
        "a shop",
        mail(
            _top("orders@shop.example.com", "Your parcel could not be delivered"),
            "Nobody was at home. Fetch it at the post office by Friday. Order 55012.\n",
        ),
    )
    for sender in ("noreply@parcels.example.com", "delivery@parcels.example.com"):
        yield (
            f"a parcel's {sender}",
            mail(
                _top(sender, "Delivery failed"),
                "We could not deliver your parcel. Nobody was there.\n"
                "Write to help@parcels.example.com.\n",
            ),
        )


def nasty() -> Iterator[tuple[str, bytes]]:
    """(what it is, mail that means harm). Each is made when it is asked for."""
    many = b"--x\nContent-Type: text/plain\n\nhello\n"
    multipart = b'Content-Type: multipart/mixed; boundary="x"\n\n'
    yield "50 MB", report(Bounce()) + b"A" * 50_000_000
    yield "50 MB of lines", report(Bounce()) + b"QUJD\n" * 10_000_000
    yield "10,000 parts", b"From: a@b.example\n" + multipart + many * 10_000
    yield (
        "10,000 returned mails",
        multipart + (b"--x\nContent-Type: message/rfc822\n\nTo: a@b.example\n\n" * 10_000),
    )
    yield "a million-character header", b"Subject: " + b"a" * 1_000_000 + b"\n\nhi\n"
    yield "a million folded lines", b"Subject: a\n" + b" b\n" * 1_000_000 + b"\nhi\n"
    yield "100,000 fields", b"X: y\n" * 100_000 + b"\nhi\n"
    yield "no header", b"\n" + b"user unknown 550 5.1.1 <a@b.example>\n" * 1_000
    yield "nothing", b""
    yield "NULs", b"\0" * 1_000_000
    yield "NULs within", report(Bounce()).replace(b"e", b"e\0")
    yield "messages in messages", b"Content-Type: message/rfc822\n\n" * 30_000
    yield (
        "multiparts in multiparts",
        b"".join(
            b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n)
            for n in range(10_000)
        ),
    )
    yield "one boundary, nested", multipart + (b"--x\n" + multipart) * 10_000
    yield (
        "a million blocks of status",
        (b"From: <>\nContent-Type: message/delivery-status\n\n" + b"a: b\n\n" * 160_000),
    )
    yield (
        "100,000 recipients",
        report(
            Bounce(), status="Final-Recipient: rfc822; a@b.example\nAction: failed\n\n" * 100_000
        ),
    )
    yield (
        "unknown charset",
        (b'From: <>\nContent-Type: text/plain; charset="klingon\xff"\n\nuser unknown \xff\xfe\n'),
    )
    yield "slow charset", b"Content-Type: text/plain; charset=punycode\n\n" + b"a-b" * 300_000
    yield (
        "a charset in pieces",
        (b"Content-Type: text/plain; charset*0*=x''y; charset*1*=%ff\n\n\xff\n"),
    )
    yield (
        "bad base64",
        (b"From: <>\nContent-Transfer-Encoding: base64\n\n" + b"=A=B!\xff" * 100_000),
    )
    yield "bad uuencode", b"Content-Transfer-Encoding: x-uuencode\n\nbegin 666 x\n" + b"M" * 500_000
    yield "encoded words", b"From: <>\nSubject: " + b"=?a?q?" * 100_000 + b"\n\nhi\n"
    yield "encoded words that end", b"From: " + b"=?utf-8?q?=FF?= " * 50_000 + b"\n\nhi\n"
    yield "brackets", b"From: " + b"(" * 15_000 + b"\nTo: " + b"<" * 15_000 + b"\n\nhi\n"
    yield "quotes", b"From: " + b'"\\' * 10_000 + b"\nTo: " + b",:;@" * 4_000 + b"\n\nhi\n"
    yield "surrogates", b"From: \xed\xa0\x80@\xed\xb0\x80\nSubject: \xed\xa0\x80\n\n\xed\xa0\x80\n"
    yield "carriage returns", b"From: <>\r\r550 user unknown\r" * 10_000
    daemon = b"From: MAILER-DAEMON@b.example\nSubject: failure notice\n\n"
    for letters in (
        b"a",
        b"a@",
        b"<",
        b" ",
        b"a.",
        b"550 ",
        b"5.1.1 ",
        b"not ",
        b"-",
        b"\xc3\xa9",
        b"mail ",
        b"to ",
        b"<style>",
        b"unknown or a ",
        b"Received: ",
        b"A: ",
        b"> ",
    ):
        yield f"one line of {letters!r}", daemon + letters * (400_000 // len(letters))
        yield f"lines of {letters!r}", daemon + (letters * (900 // len(letters)) + b"\n") * 1_000
        yield (
            f"a status of {letters!r}",
            report(Bounce(said=(letters * (400_000 // len(letters))).decode("utf-8"))),
        )
        yield (
            f"a page of {letters!r}",
            (b"From: <>\nContent-Type: text/html\n\n" + letters * (400_000 // len(letters))),
        )
