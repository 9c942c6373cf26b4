"""System checks of what the architecture forbids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.db import models

from tenants.planes import plane_of


@register("models")
def no_relation_crosses_planes(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """A foreign key across databases compiles to a look-up in the wrong one and silently finds nothing."""
    return [
        Error(
            f"{model._meta.label}.{field.name} points from the {plane_of(model)} plane "
            f"to the {plane_of(field.related_model)} plane.",
            hint="Keep a natural key (bank_code, user_id) and resolve it in code.",
            obj=model,
            id="valuation.E001",
        )
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey | models.ManyToManyField)
        and isinstance(field.related_model, type)
        and plane_of(model) is not plane_of(field.related_model)
    ]


@register("models")
def every_own_model_names_its_plane(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Third-party models belong to the control plane; ours must say where they live."""
    return [
        Error(f"{model._meta.label} says not which plane it lives on.", obj=model, id="valuation.E002")
        for label in ("tenants", "banks", "reports")
        for model in apps.get_app_config(label).get_models()
        if not hasattr(model, "plane")
    ]
