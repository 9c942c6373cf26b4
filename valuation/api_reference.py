"""The API's schema, and the page that shows it to people."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.access import TenantRequest, firm_page
from tenants.api.schema import KINDS
from tenants.api.views import MemberView
from tenants.permissions import Permission


class OpenAPIRenderer(JSONRenderer):
    """The schema's own media type; a client that asks for plain JSON gets the same."""

    media_type = "application/vnd.oai.openapi+json"


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI document; the same for every firm, made once in a process."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


class SchemaView(MemberView):
    """The OpenAPI document, for every member of a firm."""

    renderer_classes = [OpenAPIRenderer, JSONRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(schema())


@require_safe
@firm_page(Permission.VIEW_REPORTS)
def reference(request: TenantRequest) -> HttpResponse:
    """The reference for people: the operations to read and to try, and what refusals mean."""
    made = schema()
    operations = [
        {"method": method.upper(), "path": path, "summary": operation["summary"]}
        for path, methods in made["paths"].items()
        for method, operation in methods.items()
    ]
    kinds = [{"name": name, "status": status, "meaning": meaning} for name, status, meaning in KINDS]
    return render(request, "api/reference.html", {"schema": made, "operations": operations, "kinds": kinds})
