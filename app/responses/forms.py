"""What may come with an answer; the page's own seal stands in for a CSRF token."""

from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import AnyOf, DataRequired, Length, NumberRange, Optional

from app.clock import now
from app.forms import ONE_LINE, Form, options, text_of
from app.responses.answering import Details
from app.responses.models import Answer, Grade

HOW = {
    "": _l("–"),
    "post": _l("by post"),
    "email": _l("by e-mail"),
    "phone": _l("by telephone"),
    "fax": _l("by fax"),
    "online": _l("through a website"),
    "in_person": _l("in person"),
    "other": _l("another way"),
}


GRADES = {
    Grade.EVIDENCED.value: _l("evidenced: a copy of the letter, or an addressee's reply"),
    Grade.VERIFIED.value: _l("verified: we checked it"),
}


class AnswerForm(Form):
    class Meta:
        csrf = False

    answer = StringField(validators=[DataRequired(), AnyOf([answer.value for answer in Answer])])
    letters = IntegerField(
        _l("How many letters"),
        validators=[Optional(), NumberRange(1, 1000, _l("A number from 1 to 1000."))],
    )
    how = SelectField(_l("How"), choices=options(HOW.items()), validators=[Optional()])
    acted_on = DateField(_l("When"), validators=[Optional()])
    promised_for = DateField(_l("By when"), validators=[Optional()])
    reply_came = BooleanField(_l("A reply came"))
    note = TextAreaField(
        _l("A note for us"),
        description=_l("Please name no other member."),
        validators=[Optional(), Length(max=2000)],
    )

    def validate_acted_on(self, field: DateField) -> None:
        # A day ahead is today already for somebody east of us.
        if field.data and field.data > _today() + timedelta(days=1):
            raise ValidationError(_("This day is still to come."))

    def validate_promised_for(self, field: DateField) -> None:
        if field.data and not _today() - timedelta(days=1) <= field.data <= _a_year_on():
            raise ValidationError(_("Choose a day from today on, within a year."))

    def details(self) -> Details:
        """What was said; only what belongs to the answer."""
        said: dict[str, Any] = {"note": text_of(self.note.data)}
        if self.answer.data in (Answer.DONE, Answer.ALREADY):
            said |= {"letters": self.letters.data, "how": self.how.data or None}
            said |= {"acted_on": self.acted_on.data, "reply_came": bool(self.reply_came.data)}
        if self.answer.data == Answer.WILL_DO:
            said["promised_for"] = self.promised_for.data
        return Details(**said)


class EvidenceForm(Form):
    grade = SelectField(
        _l("What is known"),
        choices=options(GRADES.items()),
    )
    note = StringField(_l("Note"), validators=[Optional(), Length(max=500), ONE_LINE])


def _today() -> date:
    return now().date()


def _a_year_on() -> date:
    return _today() + timedelta(days=366)
