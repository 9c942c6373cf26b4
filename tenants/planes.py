"""The three planes of data and the abstract model of each. The router reads the plane and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from bson.codec_options import CodecOptions
from django.db import connections, models
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


class TenantQuerySet(models.QuerySet[M]):
    """A queryset that belongs to the organization that was active when it was built.

    Querysets are lazy: without this, one built for firm A and evaluated while B is active would read B.
    """

    @property
    def db(self) -> str:
        """The active organization. Raises NoActiveOrganization, or WrongOrganization after a switch."""
        active = require_org_id(self.model._meta.label)
        alias: str | None = self._db  # type: ignore[attr-defined]
        if alias is not None and alias != active:
            raise WrongOrganization(
                f"A queryset of {self.model._meta.label}", belongs_to=alias, active=active
            )
        return active


class PlaneManager(models.Manager[M]):
    """Django's manager, and MongoDB's aggregation where the ORM has no words."""

    def raw_aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> Iterable[M]:
        """Objects made from the documents of an aggregation, with what it adds as attributes."""
        found: Iterable[M] = RawQuerySet(pipeline, model=self.model, using=self.get_queryset().db)
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
            wanted, dict.fromkeys(fields, 1), skip=start, limit=stop - start, sort=order, session=session
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

    def get_queryset(self) -> TenantQuerySet[M]:
        alias = require_org_id(self.model._meta.label)
        return TenantQuerySet(model=self.model, using=alias, hints=self._hints)  # type: ignore[attr-defined]


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
    """A model of an organization's own database."""

    plane: ClassVar[Plane] = Plane.TENANT

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"


def plane_of(model: type[models.Model]) -> Plane:
    """The plane of a model; third-party models belong to the control plane."""
    return getattr(model, "plane", Plane.CONTROL)
