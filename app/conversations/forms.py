"""What staff may write and choose in the reply inbox, and the words for it."""

from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from app.conversations.models import ConversationState, Doubt, Label
from app.forms import Form
from app.responses.models import Answer

STATES = {
    ConversationState.UNREAD.value: _l("Unread"),
    ConversationState.WAITING.value: _l("Waiting"),
    ConversationState.HANDLED.value: _l("Handled"),
}
LABELS = {
    Label.OFFER.value: _l("offer of help"),
    Label.QUESTION.value: _l("question"),
    Label.CORRECTION.value: _l("correction of the case"),
}
ANSWERS = {
    Answer.DONE.value: _l("done"),
    Answer.WILL_DO.value: _l("will do"),
    Answer.COULD_NOT.value: _l("tried in vain"),
    Answer.CANNOT.value: _l("cannot"),
    Answer.ALREADY.value: _l("did already"),
}
DOUBTS = {
    Doubt.UNSURE.value: _l("It is not a plain reply to one newsletter."),
    Doubt.SENDER.value: _l("It came from another address than the member's."),
    Doubt.SEVERAL.value: _l("The newsletter asked several things."),
    Doubt.TALKING.value: _l("It may answer what one of you wrote."),
    Doubt.OVER.value: _l("The ask is over, or was withdrawn."),
    Doubt.OTHERWISE.value: _l("The member has said something else before."),
}
# What a mail is where it is no plain reply, by its kind.
KINDS = {
    "unsubscribe": _l("asks to leave"),
    "letter": _l("copy of a letter"),
    "addressee": _l("answer of an addressee"),
    "unrecognised": _l("not recognised"),
}


class ReplyForm(Form):
    text = TextAreaField(
        _l("Your answer"),
        description=_l("Plain text. What you answer is quoted below it."),
        validators=[DataRequired(_l("Write something first.")), Length(max=20_000)],
    )
