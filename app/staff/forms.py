"""The forms of sign-in, one's own account, and the staff pages."""

from typing import Any

from babel import Locale
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional

from app.cases.forms import TickField
from app.forms import ONE_LINE, Form, options, reachable_address, timezone_choices
from app.networks.models import Network
from app.staff.models import Role, Staff
from app.staff.signin import LONGEST, SHORTEST
from app.translating import LANGUAGES

ROLES = {
    Role.ADMIN: _l("admin: everything"),
    Role.COORDINATOR: _l("coordinator: composes and sends for the networks below"),
    Role.REVIEWER: _l("reviewer: reads reports, sees no addresses"),
}


class SignInForm(Form):
    email = StringField(
        _l("E-mail address"),
        validators=[DataRequired()],
        render_kw={"autocomplete": "username", "type": "email"},
    )
    password = PasswordField(
        _l("Password"),
        validators=[DataRequired(), Length(max=LONGEST)],
        render_kw={"autocomplete": "current-password"},
    )


class AccountForm(Form):
    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=200), ONE_LINE])
    timezone = SelectField(
        _l("Time zone"), description=_l("Times are shown in it."), validators=[Optional()]
    )
    language = SelectField(
        _l("Language"), description=_l("The pages speak it."), validators=[Optional()]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.timezone.choices = options([("", _l("the service's own"))]) + timezone_choices()
        self.language.choices = options([("", _l("what the browser asks for")), *_languages()])


class PasswordForm(Form):
    current = PasswordField(
        _l("Current password"),
        validators=[DataRequired()],
        render_kw={"autocomplete": "current-password"},
    )
    new = PasswordField(
        _l("New password"),
        description=_l("12 characters or more. A sentence is good."),
        validators=[
            DataRequired(),
            Length(min=SHORTEST, message=_l("Use 12 characters or more.")),
            Length(max=LONGEST),
        ],
        render_kw={"autocomplete": "new-password"},
    )

    @classmethod
    def of(cls, somebody: Staff) -> "PasswordForm":
        """Who has no password yet need not give one."""
        form = cls()
        if not somebody.password_hash:
            del form.current
        return form


class StaffForm(Form):
    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=200), ONE_LINE])
    role = SelectField(_l("Role"), choices=options(ROLES.items()))
    networks = TickField(_l("Networks"))

    def __init__(self, *args: Any, networks: list[Network], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.networks.choices = options((network.code, network.name) for network in networks)


class NewStaffForm(StaffForm):
    leading = ("email",)

    email = StringField(_l("E-mail address"), validators=[DataRequired(), reachable_address])


def _languages() -> list[tuple[str, str]]:
    """Each by its own name, which whoever reads it knows."""
    return [(code, (Locale(code).get_display_name() or code).capitalize()) for code in LANGUAGES]
