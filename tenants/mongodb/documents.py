"""Model instances from documents that came by another way than their own query, a ``$lookup`` for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from django.db import connections, models

from tenants.naming import CONTROL_ALIAS

M = TypeVar("M", bound=models.Model)
Converter = Callable[[Any, Any, Any], Any]


def instance_from_document(model: type[M], document: Mapping[str, Any]) -> M:
    """A control-plane model's instance as its own query would give it; the document must be whole."""
    connection = connections[CONTROL_ALIAS]
    names, fields = _shape(model)
    values = []
    for column, expression, converters in fields:
        value = document.get(column)
        for convert in converters:
            value = convert(value, expression, connection)
        values.append(value)
    return model.from_db(CONTROL_ALIAS, names, values)


@cache
def _shape(model: type[models.Model]) -> tuple[list[str], list[tuple[str, Any, list[Converter]]]]:
    """The attribute names of a model, and (column, expression, converters) of each, as the compiler does."""
    connection = connections[CONTROL_ALIAS]
    names, fields = [], []
    for field in model._meta.concrete_fields:
        expression = field.get_col(model._meta.db_table)
        converters = [
            *connection.ops.get_db_converters(expression),
            *expression.get_db_converters(connection),
        ]
        names.append(field.attname)
        fields.append((str(field.column), expression, converters))
    return names, fields
