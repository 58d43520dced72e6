"""What a relay has to answer, in the order in which it was said."""

from enum import IntEnum

from app.mail.answers import Stage


class Step(IntEnum):
    """Numbers, since they index the handlers."""

    OPENING = 0
    RSET = 1
    MAIL = 2
    RCPT = 3
    DATA = 4
    DOT = 5  # or BDAT LAST (RFC 3030)
    NOTHING = 6  # the dot of a letter that was refused, and let begin all the same


STAGES = {
    Step.RSET: Stage.MAIL,
    Step.MAIL: Stage.MAIL,
    Step.RCPT: Stage.RCPT,
    Step.DATA: Stage.DATA,
    Step.DOT: Stage.DOT,
    Step.NOTHING: Stage.DATA,
}

ENVELOPE_FOR_DATA = (Step.MAIL, Step.RCPT, Step.DATA)
ENVELOPE_FOR_BDAT = (Step.MAIL, Step.RCPT)
