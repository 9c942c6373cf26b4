"""How pages look for a person: in cookies of the browser, and in settings that every browser follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from pymongo.errors import PyMongoError

from tenants.context import organization_active
from tenants.errors import TenancyError
from tenants.middleware import is_unreachable
from tenants.models import Organization, User, UserSettings
from tenants.mongodb.reachability import clusters
from tenants.operations.schema import can_be_served

THEMES = ("system", "light", "dark", "contrast")
DENSITIES = ("comfortable", "compact")
_ALLOWED = {"theme": THEMES, "density": DENSITIES}
_YEAR = 60 * 60 * 24 * 365


def set_appearance(response: HttpResponseBase, request: HttpRequest, **chosen: str | None) -> None:
    """Have this browser show ``theme`` and ``density`` from the next page on; what is neither is ignored."""
    for name, allowed in _ALLOWED.items():
        value = chosen.get(name)
        if value in allowed:
            response.set_cookie(
                name, value, max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
            )


def follow_settings(response: HttpResponseBase, request: HttpRequest, person: User) -> None:
    """Have this browser look as the settings say of the person, who has just signed in.

    One command in the firm's database. A firm that may not be entered, or a database that does not answer,
    leaves the browser as it is: nobody is kept from signing in by it.
    """
    organization = person.organization
    if person.is_staff or organization is None:
        return
    if not (organization.is_active and can_be_served(organization)):
        return
    try:
        with _visiting(organization):
            found = UserSettings.objects.filter(user_id=str(person.pk)).values("theme", "density").first()
    except (PyMongoError, DatabaseError, TenancyError) as error:
        if not is_unreachable(error):
            raise
        return
    if found:
        set_appearance(response, request, **found)


@contextmanager
def _visiting(organization: Organization) -> Iterator[None]:
    """The organization active, for a request that did not begin with it. Raises ClusterUnreachable."""
    reachability = clusters[organization.address_setting]
    reachability.require()
    try:
        with organization_active(organization.placement):
            yield
    finally:
        reachability.leave()
