"""What the preference page asks; its seal and the link stand in for a CSRF token."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired, Length, Optional

from app.clock import now
from app.forms import Form, language_choices, options, reachable_address
from app.networks.models import Membership
from app.preferences.choosing import LONGEST_PAUSE, Choice, standing_pause

HOW_OFTEN = {0: _l("Every issue"), 7: _l("At most one a week"), 30: _l("At most one a month")}
FEWEST, MOST = 3, 8  # languages that can be named
RANKS = (_l("The language you like to read best"), _l("Another one"), _l("And another one"))


class Sealed(Form):
    class Meta:
        csrf = False


class AskForm(Form):
    email = StringField(
        _l("Your e-mail address"),
        validators=[DataRequired(), Length(max=320), reachable_address],
    )


class AddressForm(Sealed):
    email = StringField(
        _l("Your new address"), validators=[DataRequired(), Length(max=320), reachable_address]
    )


class NetworkForm(Sealed):
    """One network's choices, on a page with those of others: give each a prefix."""

    standing = RadioField(
        _l("This newsletter"),
        choices=options([("stays", _l("I want it")), ("leaves", _l("I leave this network"))]),
    )
    least_days = SelectField(_l("How often"), choices=options(HOW_OFTEN.items()), coerce=int)
    pause = DateField(
        _l("No mail before"),
        description=_l("A pause, for a year at most. Leave it empty for none."),
        validators=[Optional()],
    )

    def __init__(self, membership: Membership, **values: Any) -> None:
        self.membership = membership
        held = {
            "standing": "stays",
            "least_days": membership.least_days,
            "pause": standing_pause(membership, now()),
        }
        super().__init__(prefix=prefix(membership), data=held, **values)
        if membership.least_days not in HOW_OFTEN:
            rare = _("At most one in %(days)s days", days=membership.least_days)
            self.least_days.choices = options([*HOW_OFTEN.items(), (membership.least_days, rare)])

    def validate_pause(self, field: DateField) -> None:
        if field.data and not _today() < field.data <= _today() + LONGEST_PAUSE:
            raise ValidationError(_("Choose a day from tomorrow on, within a year."))

    @property
    def choice(self) -> Choice:
        return Choice(self.standing.data == "leaves", self.least_days.data, self.pause.data)


def prefix(membership: Membership) -> str:
    return f"m{membership.id}-"


def languages_form(held: Sequence[str], **values: Any) -> Sealed:
    """A select for each language that the member has named, and one more."""
    known = [(choice.value, choice.label) for choice in language_choices()]
    rare = [(code, code) for code in held if code not in dict(known)]
    choices = options([("", "–"), *known, *rare])
    count = min(max(FEWEST, len(held) + 1), max(MOST, len(held)))
    fields = {
        f"language{n}": SelectField(
            RANKS[min(n, len(RANKS) - 1)], choices=choices, validators=[Optional()]
        )
        for n in range(count)
    }
    data = {f"language{n}": code for n, code in enumerate(held)}
    form: Sealed = type("LanguagesForm", (Sealed,), fields)(data=data, **values)
    return form


def languages_in(form: Sealed) -> list[str]:
    return list(dict.fromkeys(field.data for field in form.shown() if field.data))


def _today() -> date:
    return now().date()
