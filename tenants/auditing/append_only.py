"""Records that are written once: the ORM adds them, and refuses to change or to remove one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from django.db import models

from tenants.errors import TenancyError
from tenants.planes import PlaneManager, TenantManager, TenantQuerySet

M = TypeVar("M", bound=models.Model)


class RecordIsFinal(TenancyError):
    """Somebody tried to change or to remove an entry of what was done."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is a record of what was done: it is never changed and never removed.")


def _refuse(queryset: models.QuerySet[Any]) -> NoReturn:
    raise RecordIsFinal(queryset.model._meta.verbose_name.__str__().capitalize())


class _NeverChanges:
    """For querysets: every way to change or to remove raises RecordIsFinal."""

    def update(self, **values: Any) -> int:
        _refuse(self)  # type: ignore[arg-type]

    def _update(self, values: Any) -> int:
        _refuse(self)  # type: ignore[arg-type]

    def delete(self) -> tuple[int, dict[str, int]]:
        _refuse(self)  # type: ignore[arg-type]

    def _raw_delete(self, using: str | None) -> int:
        _refuse(self)  # type: ignore[arg-type]

    def bulk_update(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> int:
        _refuse(self)  # type: ignore[arg-type]

    def update_or_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse(self)  # type: ignore[arg-type]

    async def aupdate(self, **values: Any) -> int:
        _refuse(self)  # type: ignore[arg-type]

    async def adelete(self) -> tuple[int, dict[str, int]]:
        _refuse(self)  # type: ignore[arg-type]


class FinalQuerySet(_NeverChanges, models.QuerySet[M]):
    """The system's own record."""


class FinalTenantQuerySet(_NeverChanges, TenantQuerySet[M]):
    """A firm's record."""


class FinalManager(PlaneManager[M]):
    """Adds and reads."""

    def get_queryset(self) -> FinalQuerySet[M]:
        hints: dict[str, Any] = self._hints  # type: ignore[attr-defined]
        return FinalQuerySet(model=self.model, using=self._db, hints=hints)


class FinalTenantManager(TenantManager[M]):
    """Adds and reads, in the active organization."""

    def get_queryset(self) -> FinalTenantQuerySet[M]:
        bound = super().get_queryset()
        found: FinalTenantQuerySet[M] = FinalTenantQuerySet(
            model=self.model,
            using=bound._db,  # type: ignore[attr-defined]
            hints=bound._hints,  # type: ignore[attr-defined]
        )
        return found


class Final(models.Model):
    """A model whose objects are stored once; before the plane's base. Saving again raises RecordIsFinal."""

    class Meta:
        abstract = True

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise RecordIsFinal(str(self))
        # An object that was given the id of a stored one must not take its place.
        super().save_base(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise RecordIsFinal(str(self))
