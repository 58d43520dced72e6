"""What staff say of a letter, and what they choose among letters."""

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length, Optional

from app.forms import ONE_LINE, Form
from app.letters.models import LetterKind, LetterState

KINDS = {
    LetterKind.LETTER.value: _l("copy of a letter"),
    LetterKind.ADDRESSEE.value: _l("addressee's reply"),
}
STATES = {
    LetterState.UNCHECKED.value: _l("unchecked"),
    LetterState.VERIFIED.value: _l("verified"),
    LetterState.REJECTED.value: _l("rejected"),
}
TYPES = {
    "application/pdf": _l("PDF"),
    "image/jpeg": _l("picture (JPEG)"),
    "message/rfc822": _l("mail"),
    "text/plain": _l("text"),
}


class CheckForm(Form):
    remark = StringField(
        _l("Remark"),
        description=_l("What you looked at, for colleagues. Name no member."),
        validators=[Optional(), Length(max=500), ONE_LINE],
    )
