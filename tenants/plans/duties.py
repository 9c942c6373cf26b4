"""What is done about plans again and again, whoever is at work."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django_tasks import task
from pymongo.errors import PyMongoError

from tenants.errors import TenancyError
from tenants.models import Organization
from tenants.models.control import OPEN_STATUSES
from tenants.plans.entitlements import refresh_all
from tenants.plans.storage import recount_storage

logger = logging.getLogger(__name__)


@task
def refresh_entitlements() -> list[str]:
    """Put into force what begins or ends with the day; the org_ids of the firms that it changed."""
    return refresh_all()


@task
def recount_files() -> list[str]:
    """Mend the storage counters of firms whose files say otherwise; their org_ids.

    A firm whose cluster does not answer, or whose data is being moved, has its turn the next day.
    """
    mended = []
    for organization in Organization.objects.filter(status__in=[one.value for one in OPEN_STATUSES]):
        try:
            drift = recount_storage(organization)
        except (PyMongoError, DatabaseError, TenancyError) as error:
            logger.warning("The files of %s were not counted: %s", organization.org_id, type(error).__name__)
            continue
        if drift:
            logger.info("The storage counter of %s was %d bytes off.", organization.org_id, drift)
            mended.append(organization.org_id)
    return mended
