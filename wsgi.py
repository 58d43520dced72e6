"""The WSGI entry point: any WSGI server serves `wsgi:application`."""

from app.factory import create_app

application = create_app()
