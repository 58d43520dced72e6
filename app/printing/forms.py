"""For whom letters are printed, and what stands on a slip that came back."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, StringField
from wtforms.validators import DataRequired, Length, Optional

from app.forms import ONE_LINE, Form, options
from app.responses.models import Answer

TICKED = {
    Answer.DONE.value: _l("I did it"),
    Answer.WILL_DO.value: _l("I will do it by"),
    Answer.COULD_NOT.value: _l("I could not"),
}


class PrintForm(Form):
    both_sides = BooleanField(
        _l("Printed on both sides"),
        description=_l("Each letter begins on a sheet of its own."),
        default=True,
    )


class SlipForm(Form):
    """What is ticked goes on to the member's page as the form there says it."""

    code = StringField(
        _l("Code"),
        description=_l(
            "As it stands on the slip. A scanner may read the square code in the letter instead."
        ),
        validators=[DataRequired(_l("Type the code of the slip.")), Length(max=500), ONE_LINE],
    )
    answer = RadioField(
        _l("What is ticked"),
        choices=options(TICKED.items()),
        validators=[DataRequired(_l("Choose what is ticked."))],
    )
    promised_for = DateField(_l("By when, if it says so"), validators=[Optional()])
