"""Two firms hold documents and files of the very same ids: whatever one does, the other's stay as they are.

Every collection of an organization is enumerated from its models, and what the rival holds is compared byte
for byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connections, models
from django.db.models import F, Max, Subquery
from django.test import Client
from django.utils import timezone
from gridfs import GridFSBucket

from reports import actions
from reports.models import Report, ReportStatus
from reports.page_cache import PageKey, page_cache
from reports.tests.making import begin
from reports.tests.pages.conftest import jpeg
from tenants.auditing.append_only import Final, RecordIsFinal
from tenants.context import organization_active
from tenants.models import Organization, StoredFile, User
from tenants.mongodb.transaction import atomic
from tenants.operations.schema import tenant_models

ClientFor = Callable[[User], Client]
SAME = ObjectId("652f1c0a9d3e4b5a6c7d8e9f")
OTHER = ObjectId("652f1c0a9d3e4b5a6c7d8ea0")
Contents = dict[str, list[bytes]]


def contents(organization: Organization) -> Contents:
    """Every document of every collection of the firm, byte for byte."""
    with organization_active(organization.placement):
        database = connections[organization.org_id].database  # type: ignore[attr-defined]
        raw = database.codec_options.with_options(document_class=RawBSONDocument)
        return {
            name: [
                one.raw for one in database.get_collection(name, codec_options=raw).find(sort=[("_id", 1)])
            ]
            for name in sorted(database.list_collection_names())
        }


def _value(field: models.Field[Any, Any], says: str) -> Any:
    """Something that a field takes, from which one can tell whose it is where there is room."""
    if isinstance(field, models.CharField | models.TextField):
        return f"{says} {field.name}"[: field.max_length or None]
    if isinstance(field, models.JSONField):
        return {"says": says}
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    return 1


def document(model: type[models.Model], says: str, pk: ObjectId = SAME) -> Any:
    """A document of any collection, with every field filled."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    values = {field.attname: _value(field, says) for field in fields}
    if "number" in values:
        # An entry's place in the chain is its own.
        values["number"] = 1 if pk == SAME else 2
    return model(pk=pk, **values)


def text_of(model: type[models.Model]) -> str:
    """The name of a field that says whose the document is."""
    return next(field.attname for field in model._meta.concrete_fields if _is_free_text(field))


def _is_free_text(field: models.Field[Any, Any]) -> bool:
    if not isinstance(field, models.CharField) or field.choices:
        return False
    return field.attname in ("user_id", "bank_code") or (field.max_length or 0) >= 30


def fill(organization: Organization) -> None:
    """A document of the same id in every collection, and nothing else."""
    with organization_active(organization.placement):
        for model in tenant_models():
            # Not through the ORM, which refuses to remove an entry of what was done.
            connections[organization.org_id].get_collection(model._meta.db_table).delete_many({})  # type: ignore[attr-defined]
            document(model, organization.initials).save(force_insert=True)


@pytest.fixture
def twins(firm: Organization, rival: Organization) -> tuple[Organization, Organization]:
    """Both firms, with a document of the same id in every collection and a file of the same id and name."""
    for one in (firm, rival):
        fill(one)
        with organization_active(one.placement):
            bucket = GridFSBucket(connections[one.org_id].database)  # type: ignore[attr-defined]
            bucket.upload_from_stream_with_id(SAME, "same.txt", f"of {one.initials}".encode())
    return firm, rival


# Through the ORM -------------------------------------------------------------------------------------

Model = type[Any]


def _refreshed(model: Model) -> Any:
    one = model(pk=SAME)
    one.refresh_from_db()
    return one


async def _afirst(model: Model) -> Any:
    return await model.objects.filter(pk=SAME).afirst()


READS: dict[str, Callable[[Model], Any]] = {
    "get": lambda model: model.objects.get(pk=SAME),
    "filter": lambda model: model.objects.filter(pk__in=[SAME]).first(),
    "all": lambda model: next(iter(model.objects.all())),
    "iterator": lambda model: next(model.objects.iterator()),
    "in_bulk": lambda model: model.objects.in_bulk([SAME])[SAME],
    "get_or_create": lambda model: model.objects.get_or_create(pk=SAME)[0],
    "earliest": lambda model: model.objects.earliest("pk"),
    "raw_aggregate": lambda model: next(iter(model.objects.raw_aggregate([{"$match": {"_id": SAME}}]))),
    "refresh_from_db": _refreshed,
    "within a subquery": lambda model: model.objects.get(pk__in=model.objects.filter(pk=SAME)),
    "base manager": lambda model: model._base_manager.get(pk=SAME),
    "a coroutine": lambda model: async_to_sync(_afirst)(model),
}


def test_each_firm_reads_its_own_document_of_an_id(twins: tuple[Organization, Organization]) -> None:
    for one in twins:
        with organization_active(one.placement):
            for model in tenant_models():
                own = f"{one.initials} {text_of(model)}"
                found = {name: getattr(read(model), text_of(model)) for name, read in READS.items()}
                assert found == dict.fromkeys(READS, own)


def test_each_firm_reads_its_own_values_of_an_id(twins: tuple[Organization, Organization]) -> None:
    for one in twins:
        with organization_active(one.placement):
            for model in tenant_models():
                field = text_of(model)
                found = model._default_manager.filter(pk=SAME)
                own = f"{one.initials} {field}"
                assert list(found.values_list(field, flat=True)) == [own]
                assert found.aggregate(most=Max(field)) == {"most": own}
                assert found.annotate(same=F(field)).values("same").get() == {"same": own}
                inner = found.values(field)[:1]
                assert found.annotate(same=Subquery(inner)).values("same").get() == {"same": own}


def _change_and_save(model: Model) -> None:
    one = model.objects.get(pk=SAME)
    setattr(one, text_of(model), "changed")
    one.save()


def _save_over(model: Model) -> None:
    document(model, "changed").save()


def _bulk_update(model: Model) -> None:
    one = model.objects.get(pk=SAME)
    setattr(one, text_of(model), "changed")
    model.objects.bulk_update([one], [text_of(model)])


def _replace_in_a_transaction(model: Model) -> None:
    with atomic():
        model.objects.filter(pk=SAME).delete()
        model.objects.bulk_create([document(model, "changed")])


def _below_the_orm(model: Model) -> None:
    connection: Any = connections[model.objects.db]
    collection = connection.get_collection(model._meta.db_table)
    collection.update_one({"_id": SAME}, {"$set": {text_of(model): "changed"}})


CHANGES: dict[str, Callable[[Model], object]] = {
    "save": _change_and_save,
    "save over it": _save_over,
    "update": lambda model: model.objects.filter(pk=SAME).update(**{text_of(model): "changed"}),
    "update everything": lambda model: model.objects.update(**{text_of(model): "changed"}),
    "bulk_update": _bulk_update,
    "update_or_create": lambda model: model.objects.update_or_create(
        pk=SAME, defaults={text_of(model): "changed"}
    ),
    "in a transaction": _replace_in_a_transaction,
    "below the ORM": _below_the_orm,
    "instance.delete": lambda model: model.objects.get(pk=SAME).delete(),
    "delete": lambda model: model.objects.filter(pk=SAME).delete(),
    "delete everything": lambda model: model.objects.all().delete(),
    "create another": lambda model: document(model, "new", OTHER).save(force_insert=True),
}


def is_refused(model: type[models.Model], change: str) -> bool:
    """Whether the ORM refuses it for the model: entries of what was done are added and nothing else."""
    return issubclass(model, Final) and change not in ("below the ORM", "create another")


def test_a_change_by_one_firm_leaves_the_others_bytes(twins: tuple[Organization, Organization]) -> None:
    collections = {model._meta.db_table for model in tenant_models()}
    for own, other in (twins, twins[::-1]):
        others = contents(other)
        for name, change in CHANGES.items():
            fill(own)
            before = contents(own)
            with organization_active(own.placement):
                for model in tenant_models():
                    if is_refused(model, name):
                        with pytest.raises((RecordIsFinal, IntegrityError)):
                            change(model)
                    else:
                        change(model)
            changed = {collection for collection, now in contents(own).items() if now != before[collection]}
            refused = {one._meta.db_table for one in tenant_models() if is_refused(one, name)}
            assert (name, changed) == (name, collections - refused)
            assert (name, contents(other)) == (name, others)
        fill(own)


def test_counting_up_by_the_server_counts_in_one_firm(twins: tuple[Organization, Organization]) -> None:
    firm, rival = twins
    others = contents(rival)
    with organization_active(firm.placement):
        assert Report.objects.filter(pk=SAME).update(version=F("version") + 1) == 1
        assert Report.objects.get(pk=SAME).version == 2
    assert contents(rival) == others


# Through the file store ------------------------------------------------------------------------------


def test_each_firm_opens_its_own_file_of_a_name(twins: tuple[Organization, Organization]) -> None:
    for one in twins:
        with organization_active(one.placement):
            assert default_storage.open("same.txt").read() == f"of {one.initials}".encode()
            bucket = GridFSBucket(connections[one.org_id].database)  # type: ignore[attr-defined]
            assert bucket.open_download_stream(SAME).read() == f"of {one.initials}".encode()


def test_a_change_of_one_firms_files_leaves_the_others(twins: tuple[Organization, Organization]) -> None:
    firm, rival = twins
    others = contents(rival)
    for change in (
        lambda: default_storage.save("own.txt", ContentFile(b"own")),
        lambda: default_storage.save("same.txt", ContentFile(b"another")),
        lambda: default_storage.delete("same.txt"),
    ):
        before = contents(firm)
        with organization_active(firm.placement):
            change()
        assert contents(firm)["fs.files"] != before["fs.files"]
        assert contents(rival) == others


def test_a_file_that_only_the_rival_has_is_not_there(twins: tuple[Organization, Organization]) -> None:
    firm, rival = twins
    with organization_active(rival.placement):
        default_storage.save("theirs.txt", ContentFile(b"theirs"))
    with organization_active(firm.placement):
        assert not default_storage.exists("theirs.txt")
        with pytest.raises(FileNotFoundError):
            default_storage.open("theirs.txt")
        with pytest.raises(FileNotFoundError):
            default_storage.size("theirs.txt")


# Through pages and the API ---------------------------------------------------------------------------


def _renumber(organization: Organization, collection: str, old: Any, **changes: Any) -> None:
    """Give a document the id that the other firm's has."""
    connection: Any = connections[organization.org_id]
    found = connection.get_collection(collection).find_one_and_delete({"_id": old})
    connection.get_collection(collection).insert_one({**found, "_id": SAME, **changes})


@pytest.fixture
def reports(
    firm: Organization, rival: Organization, manager: User, rival_manager: User, formats: None
) -> tuple[Report, Report]:
    """Each firm's report of the same id, with a photograph of the same id."""
    made = []
    for organization, by in ((firm, manager), (rival, rival_manager)):
        with organization_active(organization.placement):
            report = begin(organization, by, filled=False)
            report.applicant_name = f"Applicant of {organization.initials}"
            report.save()
            _renumber(organization, "reports", report.pk)
            file = actions.add_photograph(
                report_id=SAME,
                upload=jpeg(size=(320, 240) if organization is firm else (160, 120)),
                by=by,
                now=timezone.now(),
                caption=f"House of {organization.initials}",
            )
            _renumber(organization, "files_metadata", file.pk)
            made.append(Report.objects.get(pk=SAME))
    return made[0], made[1]


PAGES = (f"/reports/{SAME}/", f"/reports/{SAME}/photographs/", f"/api/reports/{SAME}", "/reports/")


def test_each_firms_people_see_their_own_report_of_an_id(
    reports: tuple[Report, Report], manager: User, rival_manager: User, client_for: ClientFor
) -> None:
    own, others = reports
    for person, shown, hidden in ((manager, own, others), (rival_manager, others, own)):
        client = client_for(person)
        pages = [client.get(page).content.decode() for page in PAGES]
        assert all(shown.reference in page for page in pages)
        assert not any(hidden.reference in page for page in pages)
        assert not any(f"of {hidden.reference[:2]}" in page for page in pages)


def test_each_firms_people_get_their_own_file_of_an_id(
    reports: tuple[Report, Report], manager: User, rival_manager: User, client_for: ClientFor
) -> None:
    for part in ("", "thumbnail/"):
        ours, theirs = (
            client_for(person).get(f"/reports/{SAME}/files/{SAME}/{part}")
            for person in (manager, rival_manager)
        )
        assert (ours.status_code, theirs.status_code) == (200, 200)
        assert ours.content != theirs.content
        # What one browser keeps, the other firm's must not take for its own.
        assert ours["ETag"] != theirs["ETag"]


def test_a_page_kept_for_one_firm_is_not_shown_to_the_other(
    reports: tuple[Report, Report], rival_manager: User, client_for: ClientFor
) -> None:
    digest = "0123456789abcdef01234567"
    page_cache.get_or_make(PageKey("alpha_valuers", str(SAME), digest), lambda: [b"ours alone"])
    response = client_for(rival_manager).get(f"/reports/{SAME}/preview/1.png?v={digest}")
    page_cache.clear()
    assert response.content != b"ours alone"


# In this order: the last one freezes the report.
STEPS: dict[str, Callable[[Client], Any]] = {
    "change": lambda client: client.patch(
        f"/api/reports/{SAME}",
        json.dumps(
            {"sections": {"common.details": {"base_version": 0, "answers": {"applicant_name": "Changed"}}}}
        ),
        content_type="application/json",
    ),
    "comment": lambda client: client.post(
        f"/reports/{SAME}/comment/", {"path": "common.details.applicant_name", "text": "Ours alone."}
    ),
    "caption": lambda client: client.post(f"/reports/{SAME}/photographs/{SAME}/", {"caption": "Ours alone."}),
    "add a photograph": lambda client: client.post(f"/reports/{SAME}/photographs/", {"photos": jpeg()}),
    "remove the photograph": lambda client: client.post(
        f"/reports/{SAME}/photographs/{SAME}/", {"action": "remove", "confirm": "1"}
    ),
    "cancel": lambda client: client.post(f"/reports/{SAME}/cancel/", {"reason": "Ours alone."}),
}


def test_the_steps_of_one_firms_person_leave_the_rivals_bytes(
    reports: tuple[Report, Report],
    firm: Organization,
    rival: Organization,
    manager: User,
    client_for: ClientFor,
) -> None:
    client, others = client_for(manager), contents(rival)
    for name, step in STEPS.items():
        before = contents(firm)
        response = step(client)
        assert (name, response.status_code in (200, 302)) == (name, True)
        assert (name, contents(firm) != before) == (name, True)
        assert (name, contents(rival)) == (name, others)
    states = []
    for one in (firm, rival):
        with organization_active(one.placement):
            states.append(Report.objects.get(pk=SAME).status)
    assert states == [ReportStatus.CANCELLED, ReportStatus.DRAFT]


def test_what_is_deleted_in_one_firm_is_gone_there_alone(
    reports: tuple[Report, Report],
    firm: Organization,
    rival: Organization,
    manager: User,
    rival_manager: User,
    client_for: ClientFor,
) -> None:
    others = contents(rival)
    with organization_active(firm.placement):
        for model in (Report, StoredFile):
            model.objects.filter(pk=SAME).delete()
    for page in PAGES[:3]:
        assert client_for(manager).get(page).status_code == 404
        assert client_for(rival_manager).get(page).status_code == 200
    assert contents(rival) == others
