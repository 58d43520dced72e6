"""The form that takes a list in."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, StringField, ValidationError
from wtforms.validators import Length

from app.forms import ONE_LINE, Form, options


class UploadForm(Form):
    file = FileField(
        _l("The list"),
        description=_l("CSV, TSV or XLSX, as your spreadsheet program saves it."),
        validators=[FileRequired(_l("Choose a file."))],
    )
    how = RadioField(
        _l("How do new people become members?"),
        choices=options(
            [
                ("consent", _l("They agreed already; I can say where")),
                ("invite", _l("Ask each of them by mail to confirm")),
            ]
        ),
        default="consent",
    )
    consent_source = StringField(
        _l("Where the consent was given"),
        description=_l("For example: sign-up sheet, annual meeting 2026."),
        validators=[Length(max=200), ONE_LINE],
    )

    def validate_consent_source(self, field: StringField) -> None:
        if self.how.data == "consent" and not (field.data or "").strip():
            raise ValidationError(_l("Say where they agreed, or have them asked by mail."))
