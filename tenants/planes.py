"""The three planes of data and the abstract model of each. The router reads the plane and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from bson.codec_options import CodecOptions
from django.db import connections, models
from django.db.models.sql import Query
from django_mongodb_backend.queryset import RawQuerySet

from tenants.context import require_org_id
from tenants.errors import WrongOrganization

M = TypeVar("M", bound=models.Model)
_IN_UTC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


class Plane(StrEnum):
    """Which kind of database a model lives in."""

    CONTROL = "control"
    SHARED = "shared"
    TENANT = "tenant"


def require_own(instance: models.Model) -> None:
    """Raises WrongOrganization for an object of another organization than the active one."""
    belongs_to = instance._state.db
    if belongs_to is None:
        return
    what = f"{instance._meta.label} {instance.pk}"
    active = require_org_id(what)
    if belongs_to != active:
        raise WrongOrganization(what, belongs_to=belongs_to, active=active)


class TenantQuerySet(models.QuerySet[M]):
    """A queryset that belongs to the organization that was active when it was built.

    Querysets are lazy: without this, one built for firm A and evaluated while B is active would read B. It is
    refused as soon as it is looked into: evaluated, refined, combined or put into another one.
    """

    @property
    def db(self) -> str:
        """The active organization. Raises NoActiveOrganization, or WrongOrganization after a switch."""
        return self.require_own()

    def require_own(self) -> str:
        """The active organization's alias, unless this queryset or the object it serves is another's."""
        active = require_org_id(self.model._meta.label)
        alias: str | None = self._db  # type: ignore[attr-defined]
        if alias is not None and alias != active:
            raise WrongOrganization(
                f"A queryset of {self.model._meta.label}", belongs_to=alias, active=active
            )
        # Django names the object on whose behalf it asks, e.g. when it follows a relation.
        instance = self._hints.get("instance")  # type: ignore[attr-defined]
        if isinstance(instance, TenantModel):
            require_own(instance)
        return active

    @property
    def query(self) -> Query:
        """What is asked. Every use passes here, as a part of another queryset too. Raises as ``db`` does."""
        self.require_own()
        return super().query

    @query.setter
    def query(self, value: Query) -> None:
        models.QuerySet.query.__set__(self, value)  # type: ignore[attr-defined]

    def _iterator(self, use_chunked_fetch: bool, chunk_size: int | None) -> Iterator[M]:
        # The rest of the answer is still at the server: each step is refused after a switch.
        for item in super()._iterator(use_chunked_fetch, chunk_size):  # type: ignore[misc]
            yield item
            self.require_own()

    async def aiterator(self, chunk_size: int = 2000) -> AsyncIterator[M]:
        async for item in super().aiterator(chunk_size):
            yield item
            self.require_own()

    # Asked by the id of another firm's object, these would meet the active firm's object of the same id.

    def contains(self, obj: models.Model) -> bool:
        require_own(obj)
        return super().contains(obj)

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        given = list(objs)
        for one in given:
            require_own(one)
        return super().bulk_create(given, *args, **kwargs)

    def bulk_update(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> int:
        given = list(objs)
        for one in given:
            require_own(one)
        return super().bulk_update(given, *args, **kwargs)


class TenantRawQuerySet(RawQuerySet):
    """The objects of an aggregation; refused after a switch, midway too."""

    def iterator(self) -> Iterator[Any]:
        for item in super().iterator():
            yield item
            active = require_org_id(self.model._meta.label)
            if active != self.db:
                raise WrongOrganization(
                    f"An aggregation of {self.model._meta.label}", belongs_to=self.db, active=active
                )


class PlaneManager(models.Manager[M]):
    """Django's manager, and MongoDB's aggregation where the ORM has no words."""

    raw_queryset: ClassVar[type[Any]] = RawQuerySet

    def raw_aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> Iterable[M]:
        """Objects made from the documents of an aggregation, with what it adds as attributes."""
        found: Iterable[M] = self.raw_queryset(pipeline, model=self.model, using=self.get_queryset().db)
        return found

    # For lists, where the ORM's way round costs more than the answer.

    def documents(
        self,
        wanted: Mapping[str, Any],
        fields: Iterable[str],
        *,
        order: Sequence[tuple[str, int]],
        start: int,
        stop: int,
    ) -> list[dict[str, Any]]:
        """The documents that match, from ``start`` to before ``stop``: ``_id`` and these fields. One command.

        As MongoDB has them: Decimal128, datetimes in UTC.
        """
        collection, session = self._collection()
        with collection.find(
            wanted,
            dict.fromkeys(fields, 1),
            skip=start,
            limit=stop - start,
            sort=order or None,
            session=session,
        ) as found:
            return list(found)

    def aggregated(self, pipeline: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The documents that an aggregation gives, as MongoDB has them. One command."""
        collection, session = self._collection()
        with collection.aggregate(pipeline, session=session) as found:
            return list(found)

    def _collection(self) -> tuple[Any, Any]:
        connection: Any = connections[self.get_queryset().db]
        collection = connection.get_collection(self.model._meta.db_table, codec_options=_IN_UTC)
        return collection, connection.session


class TenantManager(PlaneManager[M]):
    """Binds every queryset to the active organization at the moment it is asked for."""

    raw_queryset: ClassVar[type[Any]] = TenantRawQuerySet

    def get_queryset(self) -> TenantQuerySet[M]:
        # An alias that was named (``db_manager``) is held to, and refused unless it is the active one.
        alias = self._db or require_org_id(self.model._meta.label)
        hints: dict[str, Any] = self._hints  # type: ignore[attr-defined]
        queryset: TenantQuerySet[M] = TenantQuerySet(model=self.model, using=alias, hints=hints)
        queryset.require_own()
        return queryset


class ControlPlaneModel(models.Model):
    """A model of ``valuation_admin``: organizations, users, subscriptions, clusters, the audit trail."""

    plane: ClassVar[Plane] = Plane.CONTROL

    objects = PlaneManager()

    class Meta:
        abstract = True


class SharedModel(models.Model):
    """A model of ``shared_resources``: what every organization reads and only staff write."""

    plane: ClassVar[Plane] = Plane.SHARED

    objects = PlaneManager()

    class Meta:
        abstract = True


class TenantModel(models.Model):
    """A model of an organization's own database.

    An object stays its organization's: saving, deleting or rereading it while another one is active raises
    WrongOrganization, even with an explicit ``using``. Two firms' objects of one id are two objects.
    """

    plane: ClassVar[Plane] = Plane.TENANT

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TenantModel):
            mine, theirs = self._state.db, other._state.db
            if mine is not None and theirs is not None and mine != theirs:
                return False
        return super().__eq__(other)

    __hash__ = models.Model.__hash__

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        require_own(self)
        super().save_base(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        require_own(self)
        return super().delete(*args, **kwargs)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        require_own(self)
        super().refresh_from_db(*args, **kwargs)


def plane_of(model: type[models.Model]) -> Plane:
    """The plane of a model; third-party models belong to the control plane."""
    return getattr(model, "plane", Plane.CONTROL)
