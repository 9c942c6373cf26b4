"""The WSGI application that gunicorn serves. It touches no database before a worker has forked."""

import os

from django.core.wsgi import get_wsgi_application

from valuation.memory import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valuation.settings")
application = get_wsgi_application()
settle()
