"""Fields of serializers that occur in several parts of the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

OBJECT_ID: dict[str, Any] = {
    "type": "string",
    "pattern": "^[0-9a-f]{24}$",
    "example": "652f1c0a9d3e4b5a6c7d8e9f",
}


@extend_schema_field(OBJECT_ID)
class ObjectIdField(serializers.CharField):
    """The id of a document: 24 hexadecimal digits."""

    def to_representation(self, value: Any) -> str:
        return str(value)
