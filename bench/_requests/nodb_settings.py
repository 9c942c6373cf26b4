"""This application's settings without anything that asks a database: no session, no sign-in, no organization.

In their place a middleware puts the same person and firm onto every request. All else is as served.
"""

from valuation.settings import *  # noqa: F403
from valuation.settings import MIDDLEWARE as _SERVED

_IN_PLACE_OF = {
    "django.contrib.sessions.middleware.SessionMiddleware": [],
    "tenants.middleware.PersonMiddleware": ["bench._requests.nodb.ConstantPersonMiddleware"],
    "tenants.middleware.OrganizationMiddleware": [],
}
MIDDLEWARE = [name for served in _SERVED for name in _IN_PLACE_OF.get(served, [served])]
ROOT_URLCONF = "bench._requests.nodb_urls"
# Messages live in the session otherwise.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
