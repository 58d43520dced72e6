"""The WSGI entry point: any WSGI server serves `wsgi:application`."""

from app import logs
from app.config import load, with_embedded_defaults
from app.factory import create_app

settings = with_embedded_defaults(load())
logs.set_up(settings)
application = create_app(settings)
