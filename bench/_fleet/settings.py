"""django-tenants as in ``bench._requests.rival``, with a firm whose tables have migrations."""

from bench._requests.rival.settings import *  # noqa: F403
from bench._requests.rival.settings import INSTALLED_APPS as _INSTALLED
from bench._requests.rival.settings import TENANT_APPS as _WITHOUT_MIGRATIONS

TENANT_APPS = ["bench._fleet.firm.apps.FirmConfig"]
INSTALLED_APPS = [*(app for app in _INSTALLED if app not in _WITHOUT_MIGRATIONS), *TENANT_APPS]
# A process for each core, as for ours there are threads.
TENANT_MULTIPROCESSING_MAX_PROCESSES = 2

# No page is asked for.
ROOT_URLCONF = "bench._fleet.settings"
urlpatterns: list[object] = []
