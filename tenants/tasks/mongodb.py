"""The backend that needs nothing beside MongoDB: workers of our own take tasks from the control plane."""

from __future__ import annotations

from tenants.tasks.backend import RecordedBackend


class MongoBackend(RecordedBackend):
    """Tasks are run by ``manage.py runworker``, whose workers look for them once a second."""
