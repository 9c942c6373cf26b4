"""What was begun for one firm and is carried on while another, or none, is active: every way is refused.

The methods of a queryset are enumerated, so that one that a newer Django brings fails here until it is
listed. Most of this reaches no database: a refusal comes before the question is sent.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from bson import ObjectId
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.test.utils import isolate_apps

from tenants.context import active_org_id, no_organization, organization_active
from tenants.errors import NoActiveOrganization, TenancyError, WrongOrganization
from tenants.models import ActivityEntry, Counter, Organization
from tenants.planes import PlaneManager, TenantManager, TenantModel, TenantQuerySet
from tenants.registry import Placement, registry
from tests.isolation.asking import OURS, THEIRS

SAME = ObjectId("652f1c0a9d3e4b5a6c7d8e9f")
Use = Callable[[Any], object]


def ours(model: type[TenantModel], name: str = "ours") -> Any:
    """An object as if it had come from our database."""
    fields = {"name": name} if model is Counter else {}
    return model.from_db(OURS, ["id", *fields], [SAME, *fields.values()])


# Every public method, as it is used. The asynchronous ones are made from these below.
USES: dict[str, Use] = {
    "aggregate": lambda lazy: lazy.aggregate(n=Count("pk")),
    "alias": lambda lazy: lazy.alias(n=Count("pk")),
    "all": lambda lazy: lazy.all(),
    "annotate": lambda lazy: lazy.annotate(n=Count("pk")),
    "bulk_create": lambda lazy: lazy.bulk_create([Counter(name="new")]),
    "bulk_update": lambda lazy: lazy.bulk_update([Counter(pk=SAME, name="new")], ["name"]),
    "complex_filter": lambda lazy: lazy.complex_filter(Q(value=1)),
    "contains": lambda lazy: lazy.contains(Counter(pk=SAME)),
    "count": lambda lazy: lazy.count(),
    "create": lambda lazy: lazy.create(name="new"),
    "dates": lambda lazy: lazy.dates("at", "day"),
    "datetimes": lambda lazy: lazy.datetimes("at", "day"),
    "db": lambda lazy: lazy.db,
    "defer": lambda lazy: lazy.defer("value"),
    "delete": lambda lazy: lazy.delete(),
    "difference": lambda lazy: lazy.difference(lazy),
    "distinct": lambda lazy: lazy.distinct(),
    "earliest": lambda lazy: lazy.earliest("pk"),
    "exclude": lambda lazy: lazy.exclude(value=1),
    "exists": lambda lazy: lazy.exists(),
    "explain": lambda lazy: lazy.explain(),
    "extra": lambda lazy: lazy.extra(where=["1"]),
    "filter": lambda lazy: lazy.filter(value=1),
    "first": lambda lazy: lazy.first(),
    "get": lambda lazy: lazy.get(pk=SAME),
    "get_or_create": lambda lazy: lazy.get_or_create(name="new"),
    "in_bulk": lambda lazy: lazy.in_bulk([SAME]),
    "intersection": lambda lazy: lazy.intersection(lazy),
    "iterator": lambda lazy: next(lazy.iterator()),
    "last": lambda lazy: lazy.last(),
    "latest": lambda lazy: lazy.latest("pk"),
    "none": lambda lazy: lazy.none(),
    "only": lambda lazy: lazy.only("value"),
    "order_by": lambda lazy: lazy.order_by("value"),
    "ordered": lambda lazy: lazy.ordered,
    "prefetch_related": lambda lazy: lazy.prefetch_related("value"),
    "query": lambda lazy: lazy.query,
    "raw": lambda lazy: lazy.raw("select 1"),
    "require_own": lambda lazy: lazy.require_own(),
    "resolve_expression": lambda lazy: lazy.resolve_expression(),
    "reverse": lambda lazy: lazy.reverse(),
    "select_for_update": lambda lazy: lazy.select_for_update(),
    "select_related": lambda lazy: lazy.select_related(),
    "union": lambda lazy: lazy.union(lazy),
    "update": lambda lazy: lazy.update(value=2),
    "update_or_create": lambda lazy: lazy.update_or_create(name="new"),
    "using": lambda lazy: lazy.using(active_org_id() or THEIRS),
    "values": lambda lazy: lazy.values(),
    "values_list": lambda lazy: lazy.values_list("value", flat=True),
}
# An asynchronous method takes what its twin takes.
TWINS = {
    f"a{name}": name
    for name in (
        "aggregate bulk_create bulk_update contains count create delete earliest exists explain first get "
        "get_or_create in_bulk iterator last latest update update_or_create"
    ).split()
}
# What the methods with two underscores stand for in Python's own words.
PYTHON: dict[str, Use] = {
    "__aiter__": lambda lazy: async_to_sync(_read)(lazy),
    "__and__": lambda lazy: lazy & lazy,
    "__bool__": lambda lazy: bool(lazy),
    "__deepcopy__": lambda lazy: list(copy.deepcopy(lazy)),
    "__getitem__": lambda lazy: lazy[0],
    "__getstate__": lambda lazy: pickle.dumps(lazy),
    "__iter__": lambda lazy: list(lazy),
    "__len__": lambda lazy: len(lazy),
    "__or__": lambda lazy: lazy | lazy,
    "__repr__": lambda lazy: repr(lazy),
    "__xor__": lambda lazy: lazy ^ lazy,
}
# These ask nothing of a database and hand on nothing that was read.
HARMLESS = {
    "as_manager": "makes a manager of the class, before there is any queryset",
    "__init__": "makes a new queryset",
    "__setstate__": "takes back what was pickled; it was read before",
    "__class_getitem__": "names a type",
}


async def _read(lazy: Any) -> list[object]:
    return [one async for one in lazy]


class _Asynchronous:
    """A queryset whose methods are answered by their asynchronous twins."""

    def __init__(self, lazy: Any) -> None:
        self._lazy = lazy

    def __getattr__(self, name: str) -> Any:
        if name == "iterator":
            return lambda: iter(async_to_sync(_read)(self._lazy.aiterator()))
        return async_to_sync(getattr(self._lazy, f"a{name}"))


def _asynchronously(use: Use) -> Use:
    return lambda lazy: use(_Asynchronous(lazy))


EVERY_USE: dict[str, Use] = {
    **USES,
    **PYTHON,
    **{name: _asynchronously(USES[twin]) for name, twin in TWINS.items()},
    "slice": lambda lazy: list(lazy[:2]),
    "union as the other": lambda lazy: Counter.objects.all().union(lazy),
    "or as the other": lambda lazy: Counter.objects.all() | lazy,
    "and as the other": lambda lazy: Counter.objects.all() & lazy,
    "in another": lambda lazy: Counter.objects.filter(pk__in=lazy),
    "in another by values": lambda lazy: Counter.objects.filter(pk__in=lazy.values("pk")),
    "equal to another": lambda lazy: Counter.objects.filter(pk=lazy[:1]),
    "as a subquery": lambda lazy: Counter.objects.annotate(n=Subquery(lazy.values("value")[:1])),
    "as an exists": lambda lazy: Counter.objects.filter(Exists(lazy)),
    "as a condition": lambda lazy: Counter.objects.filter(Q(pk__in=lazy) | Q(value=OuterRef("value"))),
}


def _lazy_for(name: str) -> Any:
    # Only activity has a moment in time.
    model = ActivityEntry if name in ("dates", "datetimes") else Counter
    with organization_active(OURS):
        return model.objects.all()


@pytest.fixture(autouse=True)
def _clean_afterwards() -> Iterator[None]:
    with no_organization():
        yield
        assert active_org_id() is None
    registry.clear()


def test_every_method_of_a_queryset_is_listed() -> None:
    public = {name for name in dir(TenantQuerySet) if not name.startswith("_")}
    assert public == {*USES, *TWINS, *HARMLESS} - {name for name in HARMLESS if name.startswith("__")}


def test_every_python_operator_of_a_queryset_is_listed() -> None:
    special = {
        name
        for one in TenantQuerySet.__mro__[:-1]
        if issubclass(one, models.QuerySet)
        for name, value in vars(one).items()
        if name.startswith("__") and callable(value)
    }
    assert special - set(HARMLESS) == set(PYTHON)


@pytest.mark.parametrize("name", EVERY_USE)
def test_a_queryset_of_another_firm_is_refused(name: str) -> None:
    lazy = _lazy_for(name)
    with organization_active(THEIRS), pytest.raises(WrongOrganization):
        EVERY_USE[name](lazy)


@pytest.mark.parametrize("name", EVERY_USE)
def test_a_queryset_is_refused_when_no_firm_is_active(name: str) -> None:
    lazy = _lazy_for(name)
    with pytest.raises(NoActiveOrganization):
        EVERY_USE[name](lazy)


# What our managers add to Django's.
MANAGER_USES: dict[str, Use] = {
    "aggregated": lambda manager: manager.aggregated([]),
    "documents": lambda manager: manager.documents({}, ["value"], order=[("_id", 1)], start=0, stop=1),
    "get_queryset": lambda manager: manager.get_queryset(),
    "raw_aggregate": lambda manager: manager.raw_aggregate([]),
}


def test_every_method_that_our_managers_add_is_listed() -> None:
    added = {name for one in (TenantManager, PlaneManager) for name in vars(one) if not name.startswith("_")}
    assert added - {"raw_queryset"} == set(MANAGER_USES)


@pytest.mark.parametrize("name", MANAGER_USES)
def test_what_our_managers_add_asks_for_the_firm_that_is_active_or_nothing(name: str) -> None:
    with pytest.raises(NoActiveOrganization):
        MANAGER_USES[name](Counter.objects)
    with organization_active(THEIRS), pytest.raises(WrongOrganization):
        MANAGER_USES[name](Counter.objects.db_manager(OURS))


@pytest.mark.parametrize("name", [name for name in USES if hasattr(TenantManager, name)])
def test_a_manager_asks_for_the_firm_that_is_active_or_nothing(name: str) -> None:
    with pytest.raises(NoActiveOrganization):
        USES[name](Counter.objects if name not in ("dates", "datetimes") else ActivityEntry.objects)


@pytest.mark.parametrize("alias", [OURS, "default", "shared"])
def test_a_manager_for_a_named_database_serves_no_other_firm(alias: str) -> None:
    with organization_active(THEIRS), pytest.raises(WrongOrganization):
        Counter.objects.db_manager(alias).all()


@pytest.mark.parametrize("alias", [OURS, "default", "shared"])
def test_naming_a_database_does_not_get_past_the_active_firm(alias: str) -> None:
    with organization_active(THEIRS), pytest.raises(WrongOrganization):
        list(Counter.objects.using(alias))


@pytest.mark.parametrize("active", [THEIRS, None])
def test_what_got_past_the_queryset_is_refused_by_the_connection(active: str | None) -> None:
    # A registry that knows the firm spares the question where its database is.
    registry.remember(Placement(OURS, "MONGODB_URI"))
    with organization_active(OURS):
        compiler = Counter.objects.filter(value=1).query.get_compiler(using=OURS)
    refusal = WrongOrganization if active else NoActiveOrganization
    with organization_active(active) if active else no_organization(), pytest.raises(refusal):
        list(compiler.results_iter())


# Objects ---------------------------------------------------------------------------------------------

INSTANCE_USES: dict[str, Use] = {
    "save": lambda one: one.save(),
    "save some fields": lambda one: one.save(update_fields=["value"]),
    "save into the active firm": lambda one: one.save(using=THEIRS),
    "insert into the active firm": lambda one: one.save(force_insert=True, using=THEIRS),
    "asynchronous save": lambda one: async_to_sync(one.asave)(),
    "delete": lambda one: one.delete(),
    "delete from the active firm": lambda one: one.delete(using=THEIRS),
    "asynchronous delete": lambda one: async_to_sync(one.adelete)(),
    "refresh": lambda one: one.refresh_from_db(),
    "refresh from the active firm": lambda one: one.refresh_from_db(using=THEIRS),
    "refresh by a queryset of the active firm": lambda one: one.refresh_from_db(
        from_queryset=Counter.objects.all()
    ),
    "asynchronous refresh": lambda one: async_to_sync(one.arefresh_from_db)(),
    "a field not read yet": lambda one: one.value,
    "validate": lambda one: one.full_clean(),
    "bulk_create": lambda one: Counter.objects.bulk_create([one]),
    "bulk_update": lambda one: Counter.objects.bulk_update([one], ["name"]),
    "contains": lambda one: Counter.objects.contains(one),
    "contained by what was read": lambda one: Counter.objects.all().contains(one),
}


@pytest.mark.parametrize("name", INSTANCE_USES)
def test_an_object_of_another_firm_is_refused(name: str) -> None:
    with organization_active(THEIRS), pytest.raises(WrongOrganization):
        INSTANCE_USES[name](ours(Counter))


@pytest.mark.parametrize("name", INSTANCE_USES)
def test_an_object_is_refused_when_no_firm_is_active(name: str) -> None:
    with pytest.raises(NoActiveOrganization):
        INSTANCE_USES[name](ours(Counter))


def test_objects_of_two_firms_with_one_id_are_not_equal() -> None:
    theirs = Counter.from_db(THEIRS, ["id", "name"], [SAME, "theirs"])
    assert ours(Counter) != theirs
    assert ours(Counter) == ours(Counter, "changed since")
    assert len({ours(Counter), theirs}) == 2


@isolate_apps("tenants")
def test_a_relation_of_another_firms_object_is_not_followed() -> None:
    class Parcel(TenantModel):
        class Meta:
            app_label = "tenants"

    class Building(TenantModel):
        parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE, related_name="buildings")

        class Meta:
            app_label = "tenants"

    for org_id in (OURS, THEIRS):
        # A registry that knows them spares the question where their databases are.
        registry.remember(Placement(org_id, "MONGODB_URI"))
    building: Any = Building.from_db(OURS, ["id", "parcel_id"], [SAME, SAME])
    parcel: Any = ours(Parcel)
    with organization_active(OURS):
        lazy = parcel.buildings.all()
    with organization_active(THEIRS):
        for follow in (
            lambda: building.parcel,
            lambda: list(parcel.buildings.all()),
            lambda: list(lazy),
            lambda: parcel.buildings.create(),
            lambda: Building(parcel=parcel).save(),
            lambda: list(Building.objects.filter(parcel__in=lazy)),
        ):
            with pytest.raises(WrongOrganization):
                follow()


# What had begun to be read ---------------------------------------------------------------------------

READS: dict[str, Callable[[], Iterator[Any]]] = {
    "iterator": lambda: Counter.objects.all().iterator(chunk_size=1),
    "values": lambda: Counter.objects.values().iterator(chunk_size=1),
    "values_list": lambda: Counter.objects.values_list("name", flat=True).iterator(chunk_size=1),
    "raw_aggregate": lambda: _aggregated().iterator(),
}


def _aggregated() -> Any:
    return Counter.objects.raw_aggregate([{"$match": {}}])


@pytest.fixture
def both(firm: Organization, rival: Organization) -> tuple[Organization, Organization]:
    """Three counters in each firm, with the same ids and their firm in the name."""
    for one in (firm, rival):
        with organization_active(one.placement):
            for place in range(3):
                Counter.objects.create(
                    pk=ObjectId(f"{place:024x}"), name=f"{one.org_id} {place}", value=place
                )
    return firm, rival


def _begun(organization: Organization) -> dict[str, Iterator[Any]]:
    """Every kind of read, its first item taken."""
    with organization_active(organization.placement):
        begun = {name: read() for name, read in READS.items()}
        for one in begun.values():
            next(one)
    return begun


def _refusals(begun: dict[str, Iterator[Any]]) -> dict[str, str]:
    """What became of the next step of each."""
    found = {}
    for name, one in begun.items():
        try:
            found[name] = f"read {next(one)}"
        except TenancyError as refusal:
            found[name] = type(refusal).__name__
    return found


def test_reading_on_after_a_switch_is_refused(both: tuple[Organization, Organization]) -> None:
    firm, rival = both
    begun = _begun(firm)
    with organization_active(rival.placement):
        assert _refusals(begun) == dict.fromkeys(READS, "WrongOrganization")


def test_reading_on_after_the_request_is_refused(both: tuple[Organization, Organization]) -> None:
    begun = _begun(both[0])
    assert _refusals(begun) == dict.fromkeys(READS, "NoActiveOrganization")


def test_reading_on_asynchronously_after_a_switch_is_refused(both: tuple[Organization, Organization]) -> None:
    firm, rival = both

    async def read() -> None:
        with organization_active(firm.placement):
            begun = Counter.objects.all().aiterator(chunk_size=1)
            await anext(begun)
        with organization_active(rival.placement):
            await anext(begun)

    with pytest.raises(WrongOrganization):
        async_to_sync(read)()


def test_an_aggregation_evaluated_for_another_firm_is_refused(
    both: tuple[Organization, Organization],
) -> None:
    firm, rival = both
    with organization_active(firm.placement):
        lazy = _aggregated()
    with organization_active(rival.placement), pytest.raises(WrongOrganization):
        list(lazy)


def test_what_was_read_whole_stays_what_it_was(both: tuple[Organization, Organization]) -> None:
    firm, rival = both
    with organization_active(firm.placement):
        read = Counter.objects.order_by("pk")
        names = [one.name for one in read]
        pickled = pickle.dumps(read)
    with organization_active(rival.placement):
        assert [one.name for one in read] == names
        assert [one.name for one in pickle.loads(pickled)] == names  # noqa: S301 - our own bytes
        assert names == [f"{firm.org_id} {place}" for place in range(3)]


def test_what_was_read_whole_asks_nothing_further(both: tuple[Organization, Organization]) -> None:
    firm, rival = both
    with organization_active(firm.placement):
        read = Counter.objects.all()
        assert len(read) == 3
        thawed = pickle.loads(pickle.dumps(read))  # noqa: S301 - our own bytes
    for kept in (read, thawed):
        for name in ("all", "filter", "delete", "update", "in_bulk", "aggregate", "latest"):
            with organization_active(rival.placement), pytest.raises(WrongOrganization):
                USES[name](kept)
