"""Whether an organization's database is what it should be: collections, indexes, files; and mending it.

Looking changes nothing and may be done while the firm works. Mending makes what is missing, as an operation
of its own that has the organization for itself; it never drops a collection, and indexes only on request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
from bson import ObjectId
from bson.errors import InvalidId
from django.db import connections
from pymongo import IndexModel

from tenants.context import organization_active
from tenants.errors import TenancyError
from tenants.files import BUCKET
from tenants.models import UNFINISHED, Operation, Organization, OrganizationStatus, StoredFile, User
from tenants.operations.blueprint import blueprint_of
from tenants.operations.data import OF_OPERATIONS
from tenants.operations.engine import Kind, Run, Step, nothing_to_undo, run_operation, start_or_resume
from tenants.operations.fleet_migration import MIGRATED_STATUSES
from tenants.operations.schema import pending_migrations, tenant_models

# Of an index's description: what says nothing of what it does.
_IMMATERIAL = frozenset({"v", "ns", "name", "background"})
# A file is stored before what is known of it; until then nobody refers to it.
_UPLOAD_TIME = timedelta(hours=1)
_AT_ONCE = 1000

Index = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with one organization's database; all empty when nothing is.

    missing_collections  names
    missing_indexes      "collection.index"
    different_indexes    "collection.index": it is there with other fields or options than it should have
    surplus_indexes      "collection.index": no model asks for it
    surplus_collections  names that no model and no operation has
    leftovers            collections of operations that are finished, or unknown
    pending              migrations that the database lacks
    missing_files        files that the firm's records name and the file store has not
    stray_files          files of the store that no record names
    """

    org_id: str
    missing_collections: list[str] = field(default_factory=list)
    missing_indexes: list[str] = field(default_factory=list)
    different_indexes: list[str] = field(default_factory=list)
    surplus_indexes: list[str] = field(default_factory=list)
    surplus_collections: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    missing_files: int = 0
    stray_files: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found at all."""
        return not any(value for name, value in asdict(self).items() if name != "org_id")

    @property
    def needs_somebody(self) -> bool:
        """Whether something is lacking or wrong, and not merely too much."""
        lacking = self.missing_collections or self.missing_indexes or self.different_indexes
        return bool(lacking or self.missing_files)


class CannotMend(TenancyError):
    """The database lacks migrations, so it cannot be what the newest models say."""


def checkable_organizations() -> list[Organization]:
    """Those that have a database to look at. One query."""
    statuses = [one.value for one in MIGRATED_STATUSES]
    return list(Organization.objects.filter(status__in=statuses).order_by("org_id"))


def check_organization(organization: Organization) -> Findings:
    """Compare the organization's database with the models. Reads names of files, and no report.

    Of a database that lacks migrations collections and indexes are not compared: it cannot be what the newest
    models say.
    """
    if organization.status not in MIGRATED_STATUSES:
        status = OrganizationStatus(organization.status).label.lower()
        raise TenancyError(f"“{organization.org_id}” is {status}: there is no database to check.")
    with organization_active(organization.placement), pymongo.timeout(None):
        database = connections[organization.org_id].database  # type: ignore[attr-defined]
        found = {
            name: [dict(one) for one in database[name].list_indexes()]
            for name in database.list_collection_names(filter={"type": "collection"})
            if not name.startswith("system.")
        }
        missing, stray = _files(database)
    wanted = {name: [_described(one) for one in models] for name, models in wanted_schema().items()}
    of_operations = sorted(name for name in found if OF_OPERATIONS.match(name))
    of_the_firm = {name: indexes for name, indexes in found.items() if name not in of_operations}
    pending = pending_migrations(organization)
    return Findings(
        organization.org_id,
        **(compare(wanted, of_the_firm) if not pending else {}),
        pending=pending,
        leftovers=_finished(of_operations, organization.org_id),
        missing_files=missing,
        stray_files=stray,
    )


def wanted_schema() -> Mapping[str, Iterable[IndexModel]]:
    """Collection → indexes as every organization should have them, the one on ``_id`` left out."""
    return blueprint_of(tuple(tenant_models()))


def _described(model: IndexModel) -> Index:
    return dict(model.document)


def compare(wanted: Mapping[str, list[Index]], found: Mapping[str, list[Index]]) -> dict[str, list[str]]:
    """The findings about collections and indexes, by the names of ``Findings``. Pure.

    ``wanted`` and ``found``: collection → descriptions of indexes as ``listIndexes`` gives them.
    """
    findings: dict[str, list[str]] = {
        "missing_collections": sorted(set(wanted) - set(found)),
        "surplus_collections": sorted(set(found) - set(wanted)),
        "missing_indexes": [],
        "different_indexes": [],
        "surplus_indexes": [],
    }
    for name, indexes in wanted.items():
        there = {one["name"]: one for one in found.get(name, ()) if one["name"] != "_id_"}
        for index in indexes:
            former = there.pop(index["name"], None)
            if former is None:
                findings["missing_indexes"].append(f"{name}.{index['name']}")
            elif _material(former) != _material(index):
                findings["different_indexes"].append(f"{name}.{index['name']}")
        findings["surplus_indexes"] += [f"{name}.{one}" for one in there]
    return {kind: sorted(names) for kind, names in findings.items()}


def _material(index: Index) -> dict[str, Any]:
    """What an index does: its fields in order with their directions, and the options that are set."""
    options = {name: value for name, value in index.items() if name not in _IMMATERIAL and value is not False}
    # Directions come back as 1, 1.0 or Int64(1).
    fields = [(name, int(way) if isinstance(way, int | float) else way) for name, way in index["key"].items()]
    return {**{name: _plain(value) for name, value in options.items()}, "key": fields}


def _plain(value: Any) -> Any:
    return {name: _plain(one) for name, one in value.items()} if isinstance(value, Mapping) else value


def _finished(names: list[str], org_id: str) -> list[str]:
    """Of collections that operations made, those whose operation is not going on."""
    if not names:
        return []
    unfinished = Operation.objects.filter(status__in=[one.value for one in UNFINISHED])
    going_on = {str(pk) for pk in unfinished.values_list("pk", flat=True)}
    # A move's mark names no operation: it belongs to whichever has the organization.
    taken = Organization.objects.filter(org_id=org_id).exclude(operation=None).exists()
    return [name for name in names if not (_operation_in(name) in going_on if _operation_in(name) else taken)]


def _operation_in(name: str) -> str:
    """The operation's id in ``incoming.<id>.reports``; "" where there is none."""
    parts = name.split(".")
    try:
        return str(ObjectId(parts[1])) if len(parts) > 1 else ""
    except InvalidId:
        return ""


def _files(database: Any) -> tuple[int, int]:
    """How many files are named and not there, and how many are there and not named."""
    store, known = database[f"{BUCKET}.files"], database[StoredFile._meta.db_table]
    stored: dict[str, datetime] = {}
    with store.find({}, {"_id": 0, "filename": 1, "uploadDate": 1}) as files:
        for one in files:
            stored[one["filename"]] = one["uploadDate"]
    missing: list[str] = []
    with known.find({}, {"_id": 0, "stored_as": 1, "thumbnail_as": 1}) as records:
        for record in records:
            for name in filter(None, (record["stored_as"], record.get("thumbnail_as"))):
                if stored.pop(name, None) is None:
                    missing.append(name)
    begun = datetime.now(UTC).replace(tzinfo=None) - _UPLOAD_TIME
    stray = sum(at.replace(tzinfo=None) < begun for at in stored.values())
    return _still_missing(store, missing), stray


def _still_missing(store: Any, names: list[str]) -> int:
    """How many are really not there: some were stored after the store was read, or are named twice."""
    wanted = set(names)
    for start in range(0, len(names), _AT_ONCE):
        part = names[start : start + _AT_ONCE]
        with store.find({"filename": {"$in": part}}, {"_id": 0, "filename": 1}) as found:
            wanted -= {one["filename"] for one in found}
    return len(wanted)


# Mending ----------------------------------------------------------------------------------------------


def mend_organization(
    organization: Organization, *, by: User | None, drop_surplus: bool = False
) -> Operation:
    """Make what is missing; on request drop surplus indexes and make those that differ anew. Audited.

    Returns the finished operation, whose ``state`` has ``made`` and ``dropped``. Raises OperationUnderWay
    when something else has the organization, OperationStopped with the problem.
    """
    operation = start_or_resume(
        MEND, org_id=organization.org_id, by=by, options={"drop_surplus": drop_surplus}
    )
    return run_operation(operation, MEND)


def _mend(run: Run) -> None:
    organization = run.organization()
    findings = check_organization(organization)
    if findings.pending:
        raise CannotMend(f"It lacks migrations; run migrate_orgs first: {', '.join(findings.pending)}.")
    made, dropped = run.state.setdefault("made", []), run.state.setdefault("dropped", [])
    to_make = list(findings.missing_indexes)
    with organization_active(organization.placement), pymongo.timeout(None):
        connection: Any = connections[organization.org_id]
        if run.options["drop_surplus"]:
            to_make += findings.different_indexes
            # First: one of them may be in the way of what is missing.
            for one in findings.surplus_indexes + findings.different_indexes:
                collection, index = _split(one)
                connection.get_collection(collection).drop_index(index)
                dropped.append(one)
                run.save()
        for name, indexes in wanted_schema().items():
            lacking = [one for one in indexes if f"{name}.{one.document['name']}" in to_make]
            if lacking:
                connection.get_collection(name).create_indexes(lacking)
            elif name in findings.missing_collections:
                connection.database.create_collection(name, check_exists=False)
            run.check()
    made += [one for one in findings.missing_collections + to_make if one not in made]
    run.audit("mended", {"made": made, "dropped": dropped})


def _split(name: str) -> tuple[str, str]:
    """Collection and index of "collection.index"; collections of the file store have a dot in their names."""
    collection = next(one for one in wanted_schema() if name.startswith(f"{one}."))
    return collection, name.removeprefix(f"{collection}.")


MEND = Kind("mend", "Mending", (Step("mend", "Make what is missing", _mend, nothing_to_undo),))
