"""The forms of the issue pages."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from app.delivery.control import FASTEST
from app.forms import ONE_LINE, Form, options
from app.issues.models import WhenUncertain

UNCERTAIN = {
    WhenUncertain.RESEND.value: _l("Send it again: nobody is left out, some get it twice"),
    WhenUncertain.HOLD.value: _l("Keep it back for staff to decide: nobody gets it twice"),
}


class NewIssueForm(Form):
    network = SelectField(_l("Network"), validators=[DataRequired()])
    title = StringField(
        _l("Title"),
        description=_l("The heading of the mail. Leave it empty for the month; it can be changed."),
        validators=[Optional(), Length(max=200), ONE_LINE],
    )


class WordsForm(Form):
    title = StringField(
        _l("Title"),
        description=_l("The heading of the mail, under the subject."),
        validators=[DataRequired(_l("Give the issue a title.")), Length(max=200), ONE_LINE],
    )
    subject = StringField(
        _l("Subject"),
        description=_l("The first thing a member sees. Up to 60 characters show on a phone."),
        validators=[Optional(), Length(max=200), ONE_LINE],
    )
    preview = StringField(
        _l("Preview line"),
        description=_l("Shown after the subject in the inbox."),
        validators=[Optional(), Length(max=200), ONE_LINE],
    )
    greeting = StringField(
        _l("Greeting"),
        description=_l("{{name|colleague}} becomes the member's name, or “colleague” without one."),
        validators=[Optional(), Length(max=200), ONE_LINE],
    )
    introduction = TextAreaField(
        _l("Introduction"),
        description=_l("Markdown: **bold**, *italic*, [a link](https://…), lists with -."),
        validators=[Optional(), Length(max=20_000)],
    )
    closing = TextAreaField(
        _l("Closing"),
        description=_l("Markdown. The name of the sender follows it."),
        validators=[Optional(), Length(max=20_000)],
    )
    sender_name = StringField(
        _l("Signed by"),
        description=_l("A person, not a system."),
        validators=[Optional(), Length(max=200), ONE_LINE],
    )


class PaceForm(Form):
    """How fast an issue goes, whether it overtakes, what becomes of uncertain mail."""

    rate_per_minute = IntegerField(
        _l("Messages a minute"),
        description=_l("At most so many. Leave it empty for as fast as the mail servers take it."),
        validators=[
            Optional(),
            NumberRange(1, FASTEST, _l("Between %(min)s and %(max)s, or empty for no limit.")),
        ],
    )
    urgent = BooleanField(
        _l("Urgent"), description=_l("It overtakes every issue that is not; those wait meanwhile.")
    )
    when_uncertain = RadioField(
        _l("When nobody knows whether a mail arrived"),
        description=_l("It happens when a mail server falls silent just after it was given one."),
        choices=options(UNCERTAIN.items()),
        default=WhenUncertain.RESEND.value,
    )


def pace_of(form: PaceForm) -> dict[str, Any]:
    """What a pace form holds, as steering.set_pace takes it."""
    return {
        "per_minute": form.rate_per_minute.data,
        "urgent": form.urgent.data,
        "when_uncertain": form.when_uncertain.data,
    }


class PauseForm(Form):
    why = StringField(_l("Why"), validators=[Optional(), Length(max=200), ONE_LINE])


class SendForm(PaceForm):
    leading = ("at",)

    at = DateTimeLocalField(
        _l("When"),
        description=_l("Leave it empty to send now."),
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        validators=[Optional()],
    )
