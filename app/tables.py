"""Every table of the service, imported so that Alembic and the tests see them all."""

from app.cases import models as cases
from app.db import Base
from app.delivery import models as delivery
from app.importing import models as importing
from app.issues import models as issues
from app.networks import models as networks
from app.responses import models as responses
from app.scheduling import models as scheduling
from app.staff import models as staff

metadata = Base.metadata
__all__ = [
    "cases",
    "delivery",
    "importing",
    "issues",
    "metadata",
    "networks",
    "responses",
    "scheduling",
    "staff",
]
