"""What a plan limits, by name."""

from __future__ import annotations

from enum import StrEnum


class Limit(StrEnum):
    """What a plan limits, by the names under which the organization has it."""

    SEATS = "seats"
    REPORTS = "reports_a_month"
    STORAGE = "storage_mb"
    API_REQUESTS = "api_requests_a_minute"
