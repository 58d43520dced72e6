"""The whole of the naive way: each message composed anew, then smtplib over one connection."""

import smtplib
import time

from app.clock import now
from tests.bench import naive
from tests.bench.sink import Sink


def send(sink: Sink, messages: int) -> float:
    """Messages per second."""
    with smtplib.SMTP(sink.host, sink.port) as client:
        begun = time.perf_counter()
        for number in range(1, messages + 1):
            address = f"member{number}@members.example"
            message = naive.compose(number, f"Ada Quill {number}", address, "avocate", now())
            client.sendmail(naive.MASTHEAD.from_address, [address], message)
        return messages / (time.perf_counter() - begun)
