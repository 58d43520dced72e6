"""Every table of the service, imported so that Alembic and the tests see them all."""

from app.archive import models as archive
from app.cases import models as cases
from app.catalogue import models as catalogue
from app.conversations import models as conversations
from app.db import Base
from app.delivery import models as delivery
from app.importing import models as importing
from app.inbound import models as inbound
from app.issues import models as issues
from app.letters import models as letters
from app.media import models as media
from app.networks import models as networks
from app.notices import models as notices
from app.outside import models as outside
from app.preferences import models as preferences
from app.responses import models as responses
from app.scheduling import models as scheduling
from app.snippets import models as snippets
from app.staff import models as staff

metadata = Base.metadata
__all__ = [
    "archive",
    "cases",
    "catalogue",
    "conversations",
    "delivery",
    "importing",
    "inbound",
    "issues",
    "letters",
    "media",
    "metadata",
    "networks",
    "notices",
    "outside",
    "preferences",
    "responses",
    "scheduling",
    "snippets",
    "staff",
]
