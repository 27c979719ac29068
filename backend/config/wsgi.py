from django.core.wsgi import get_wsgi_application

from backend.config.startup import load_settings

GUNICORN_BOOT_ERROR = 3
"""The exit code of a worker that gunicorn does not start again."""

load_settings(code=GUNICORN_BOOT_ERROR)
application = get_wsgi_application()
