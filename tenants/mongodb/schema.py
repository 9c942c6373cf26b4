"""A schema editor whose steps can be repeated: a migration cut short is simply run again."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, models
from django.db.models import Field, Index
from django_mongodb_backend import schema
from pymongo.errors import CollectionInvalid, OperationFailure

NAMESPACE_EXISTS = 48
NAMESPACE_NOT_FOUND = 26
INDEX_NOT_FOUND = 27


def _says_exists(error: BaseException | None) -> bool:
    if isinstance(error, CollectionInvalid):
        return True
    return isinstance(error, OperationFailure) and error.code == NAMESPACE_EXISTS


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Creating what is there already is no error, and a unique index of a required field serves look-ups.

    The stock editor makes every unique index *partial* (so that several nulls are allowed); the server
    cannot use a partial index for an equality look-up and scans. A required field has no null, so its
    unique index is a plain one, which also saves the second index.
    """

    def create_model(self, model: type[models.Model]) -> None:
        try:
            super().create_model(model)
        except DatabaseError as error:
            if not _says_exists(error.__cause__):
                raise
            # An earlier run was cut short after the collection; the indexes may still be missing.
            self._create_model_indexes(model)

    def add_index(
        self,
        model: type[models.Model],
        index: models.Index,
        *,
        field: Any = None,
        unique: bool = False,
        column_prefix: str = "",
        parent_model: type[models.Model] | None = None,
    ) -> None:
        if unique and not index.condition and self._all_required(model, index, field):
            built = index.get_pymongo_index_model(  # type: ignore[attr-defined]
                model, schema_editor=self, field=field, unique=True, column_prefix=column_prefix
            )
            built.document.pop("partialFilterExpression", None)
            self.get_collection((parent_model or model)._meta.db_table).create_indexes([built])
            return
        super().add_index(
            model,
            index,
            field=field,
            unique=unique,
            column_prefix=column_prefix,
            parent_model=parent_model,
        )

    def remove_index(self, model: type[models.Model], index: models.Index) -> None:
        try:
            super().remove_index(model, index)
        except OperationFailure as error:
            if error.code != INDEX_NOT_FOUND:
                raise
            # An earlier run has removed it and was cut short.

    # The stock editor wants to find exactly one index. None is what an earlier run left that was cut short.

    def _remove_field_index(
        self, model: type[models.Model], field: Field[Any, Any], column_prefix: str = ""
    ) -> None:
        column = f"{column_prefix}{field.column}"
        if self._constraint_names(model, [column], index=True, type_=Index.suffix):
            super()._remove_field_index(model, field, column_prefix)

    def _remove_field_unique(
        self, model: type[models.Model], field: Field[Any, Any], column_prefix: str = ""
    ) -> None:
        column = f"{column_prefix}{field.column}"
        if self._constraint_names(model, [column], unique=True, primary_key=False):
            super()._remove_field_unique(model, field, column_prefix)

    def alter_db_table(self, model: type[models.Model], old_db_table: str, new_db_table: str) -> None:
        try:
            super().alter_db_table(model, old_db_table, new_db_table)
        except OperationFailure as error:
            known = self.connection.introspection.table_names()
            if error.code != NAMESPACE_NOT_FOUND or new_db_table not in known:
                raise
            # An earlier run has renamed it and was cut short.

    @staticmethod
    def _all_required(model: type[models.Model], index: models.Index, field: Any) -> bool:
        fields = [field] if field else [model._meta.get_field(name) for name, _ in index.fields_orders]
        return all(not one.null for one in fields)
