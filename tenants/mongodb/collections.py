"""A collection that reads and never writes, for what organizations may only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from pymongo.collection import Collection
from pymongo.command_cursor import CommandCursor

from tenants.errors import SharedResourcesAreReadOnly

_WRITES = (
    "insert_one",
    "insert_many",
    "update_one",
    "update_many",
    "replace_one",
    "delete_one",
    "delete_many",
    "bulk_write",
    "find_one_and_update",
    "find_one_and_replace",
    "find_one_and_delete",
    "drop",
    "rename",
    "create_index",
    "create_indexes",
    "drop_index",
    "drop_indexes",
)
_WRITING_STAGES = frozenset({"$out", "$merge"})


class ReadOnlyCollection(Collection[dict[str, Any]]):
    """Every writing method raises SharedResourcesAreReadOnly, and so does an aggregation that writes."""

    def aggregate(
        self, pipeline: Sequence[Mapping[str, Any]], *args: Any, **kwargs: Any
    ) -> CommandCursor[dict[str, Any]]:
        if any(stage in _WRITING_STAGES for step in pipeline for stage in step):
            self._refuse()
        return super().aggregate(pipeline, *args, **kwargs)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise SharedResourcesAreReadOnly(self.full_name)


for _name in _WRITES:
    setattr(ReadOnlyCollection, _name, ReadOnlyCollection._refuse)
