"""Collections that look at who writes.

Of the shared resources: for organizations one that never writes, for staff one that tells. Of an
organization: one that writes only while nothing is frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NoReturn

from pymongo.collection import Collection
from pymongo.command_cursor import CommandCursor

from tenants.context import note_shared_writing, require_writable
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


class SharedCollection(Collection[dict[str, Any]]):
    """A collection of the shared resources that may be written; the block learns of the first write."""

    def aggregate(
        self, pipeline: Sequence[Mapping[str, Any]], *args: Any, **kwargs: Any
    ) -> CommandCursor[dict[str, Any]]:
        if any(stage in _WRITING_STAGES for step in pipeline for stage in step):
            note_shared_writing()
        return super().aggregate(pipeline, *args, **kwargs)


class TenantCollection(Collection[dict[str, Any]]):
    """A collection of an organization; a write raises WritesFrozen while its data is being moved."""

    def aggregate(
        self, pipeline: Sequence[Mapping[str, Any]], *args: Any, **kwargs: Any
    ) -> CommandCursor[dict[str, Any]]:
        if any(stage in _WRITING_STAGES for step in pipeline for stage in step):
            require_writable()
        return super().aggregate(pipeline, *args, **kwargs)


def _after(first: Callable[[], None], name: str) -> Callable[..., Any]:
    method = getattr(Collection, name)

    @wraps(method)
    def write(collection: Collection[dict[str, Any]], *args: Any, **kwargs: Any) -> Any:
        first()
        return method(collection, *args, **kwargs)

    return write


for _name in _WRITES:
    setattr(ReadOnlyCollection, _name, ReadOnlyCollection._refuse)
    setattr(SharedCollection, _name, _after(note_shared_writing, _name))
    setattr(TenantCollection, _name, _after(require_writable, _name))
