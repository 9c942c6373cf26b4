"""The database router: a model's plane decides, and nothing falls back to the control plane."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models
from django_mongodb_backend.models import EmbeddedModel

from tenants.context import require_org_id, shared_resources_are_writable
from tenants.errors import SharedResourcesAreReadOnly, WrongOrganization
from tenants.naming import CONTROL_ALIAS, SHARED_ALIAS, is_org_id
from tenants.planes import Plane, plane_of

_PLANE_OF_STATIC_ALIAS = {CONTROL_ALIAS: Plane.CONTROL, SHARED_ALIAS: Plane.SHARED}


class PlaneRouter:
    """Sends a query to the control plane, the shared resources or the active organization."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        plane = plane_of(model)
        if plane is Plane.CONTROL:
            return CONTROL_ALIAS
        if plane is Plane.SHARED:
            return SHARED_ALIAS
        return self._organization_alias(model, hints.get("instance"))

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str:
        if plane_of(model) is Plane.SHARED and not shared_resources_are_writable():
            raise SharedResourcesAreReadOnly(model._meta.label)
        return self.db_for_read(model, **hints)

    def allow_relation(self, first: models.Model, second: models.Model, **hints: Any) -> bool:
        """Only within one database: a relation across planes would silently find nothing."""
        if plane_of(type(first)) is not plane_of(type(second)):
            return False
        aliases = {first._state.db, second._state.db} - {None}
        return len(aliases) <= 1

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        """Whether a model's collection belongs into database ``db``; without a model, by hints["plane"]."""
        plane = _PLANE_OF_STATIC_ALIAS.get(db)
        if plane is None:
            if not is_org_id(db):
                return False
            plane = Plane.TENANT
        if model_name is None:
            return hints.get("plane", Plane.CONTROL) is plane
        try:
            model = apps.get_model(app_label, model_name)
        except LookupError:
            # A model that has been deleted since: its historical form still says nothing of a plane.
            return hints.get("plane") is plane
        return not issubclass(model, EmbeddedModel) and plane_of(model) is plane

    @staticmethod
    def _organization_alias(model: type[models.Model], instance: Any) -> str:
        active = require_org_id(model._meta.label)
        if isinstance(instance, models.Model) and plane_of(type(instance)) is Plane.TENANT:
            belongs_to = instance._state.db
            if belongs_to is not None and belongs_to != active:
                raise WrongOrganization(
                    f"{instance._meta.label} {instance.pk}", belongs_to=belongs_to, active=active
                )
        return active
