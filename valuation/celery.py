"""Celery's way in: ``celery -A valuation.celery worker``, for further workers beside ``manage.py runworker``.

One of the latter must be there: it looks after tasks for later, retries and what dead workers had.
"""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valuation.settings")
os.environ.setdefault("MONGODB_OPERATION_TIMEOUT_MS", "0")
django.setup()

from tenants.tasks.celery import app  # noqa: E402 - settings first

__all__ = ["app"]
