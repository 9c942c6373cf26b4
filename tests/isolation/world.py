"""A small world to ask questions of: three firms, somebody in every role, a report in every state.

It is built once for the tests of a module. What a request wrote is put back as soon as it is answered, so
every request meets the same world and the order of requests means nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from PIL import Image
from pymongo.write_concern import WriteConcern

from banks.models import Bank, CommonFields, DocumentType, Format
from reports import actions
from reports.page_cache import page_cache
from reports.tests.making import NOW, begin
from tenants.actions import change_firm
from tenants.context import no_organization, organization_active
from tenants.models import (
    AuditEntry,
    Backup,
    Cluster,
    Operation,
    Organization,
    OrganizationStatus,
    Plan,
    Session,
    Subscription,
    SupportSession,
    TaskRecord,
    User,
)
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import Command, command_listener
from tenants.operations.people import add_member, add_staff
from tenants.operations.provision import NewOrganization, create_organization
from tenants.operations.suspending import suspend_organization
from tenants.permissions import Role
from tenants.registry import registry
from tenants.shared_cache import shared_cache

# Rivals; a suspended firm; one whose database was never finished; one that staff make in a test.
NORTH, SOUTH, IDLE = "north_valuers", "south_surveyors", "idle_valuers"
HALF_MADE, WEST = "half_made_valuers", "west_valuers"
LEAVING, DELETED = "leaving_valuers", "deleted_valuers"
BACKUP = "20261123T101500Z-aabbccdd"
CONTROL, SHARED = "valuation_admin", "shared_resources"
PASSWORD = "a-password-for-tests-only"
# Stands in data for a picture, which is made anew for each request.
PICTURE = "<picture>"
# The end of a transaction is sent to "admin", whichever database the transaction was on.
END_OF_TRANSACTION = frozenset({"commitTransaction", "abortTransaction"})
WRITES = frozenset({"insert", "update", "delete", "findAndModify", "create", "createIndexes"})
# Filled by the migrations alone; everything else of the control plane is made and removed with the world.
_KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who asks. ``org_id`` is empty for those without a firm, ``role`` for those without a role."""

    name: str
    org_id: str = ""
    role: str = ""

    def __str__(self) -> str:
        return self.name


SIGNED_OUT = Persona("signed out")
STAFF = Persona("staff")
# In a support session in the first firm, for looking only.
STAFF_INSIDE = Persona("staff inside", NORTH)
NO_FIRM = Persona("no firm")
SUSPENDED = Persona("manager of a suspended firm", IDLE, Role.MANAGER.value)
MEMBERS = tuple(Persona(role.value, NORTH, role.value) for role in Role)
RIVALS = tuple(Persona(f"rival {role.value}", SOUTH, role.value) for role in Role)
PERSONAS = (SIGNED_OUT, *MEMBERS, *RIVALS, SUSPENDED, NO_FIRM, STAFF, STAFF_INSIDE)
MANAGER = next(one for one in MEMBERS if one.role == Role.MANAGER)
RIVAL_MANAGER = next(one for one in RIVALS if one.role == Role.MANAGER)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request. ``databases`` are those that commands went to, ``written`` those written."""

    persona: Persona
    method: str
    url: str
    status: int
    location: str
    body: bytes
    headers: Mapping[str, str]
    databases: frozenset[str]
    written: frozenset[str]
    commands: tuple[Command, ...]


class Names:
    """Words in angle brackets and what they stand for: ``<draft>`` is the id of a draft report."""

    def __init__(self, **known: object) -> None:
        self.known = {name: str(value) for name, value in known.items()}

    def fill(self, thing: Any) -> Any:
        """``thing`` (text, or a mapping or list of it) with the words replaced; a picture is a new upload."""
        if thing == PICTURE:
            return SimpleUploadedFile("front.jpg", picture(), "image/jpeg")
        if isinstance(thing, str):
            return re.sub(r"<(\w+)>", lambda found: self.known.get(found[1], found[0]), thing)
        if isinstance(thing, Mapping):
            return {name: self.fill(value) for name, value in thing.items()}
        if isinstance(thing, list | tuple):
            return [self.fill(value) for value in thing]
        return thing

    def elsewhere(self) -> Names:
        """The same words with ids that nothing has."""
        return Names(
            **{
                name: ObjectId() if re.fullmatch("[0-9a-f]{24}", value) else value
                for name, value in self.known.items()
            }
        )


def picture(colour: str = "#88aacc") -> bytes:
    """A small JPEG of one colour."""
    written = BytesIO()
    Image.new("RGB", (160, 120), colour).save(written, "JPEG")
    return written.getvalue()


@dataclass(slots=True)
class World:
    """The firms' things by name, everybody's session, and a copy of all documents to return to."""

    names: dict[str, Names]
    staff_names: Names
    sessions: dict[Persona, str]
    _documents: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    # Loaded once, with its middleware: by whether forms are checked.
    _handlers: dict[bool, Any] = field(default_factory=dict)

    def browser(self, persona: Persona, *, checks_forms: bool = False) -> Client:
        """A fresh browser of somebody. ``checks_forms``: a form without its token is refused, as in use."""
        browser = Client(enforce_csrf_checks=checks_forms, raise_request_exception=False)
        browser.handler = self._handlers.setdefault(checks_forms, browser.handler)
        if persona in self.sessions:
            browser.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[persona]
        return browser

    def ask(
        self,
        persona: Persona,
        method: str,
        url: str,
        *,
        data: Any = None,
        json: bool = False,
        checks_forms: bool = False,
        leave: bool = False,
        headers: Mapping[str, str] | None = None,
        **environment: str,
    ) -> Outcome:
        """Send one request, note what it did to the databases, and put back what it wrote.

        ``leave``: put nothing back yet, so that what was done can be looked at; ``put_back`` does it later.
        """
        browser = self.browser(persona, checks_forms=checks_forms)
        send = getattr(browser, method.lower())
        more: dict[str, Any] = {"headers": dict(headers or {}), **environment}
        if json:
            more["content_type"] = "application/json"
        arguments = () if data is None else (data,)
        with command_listener.recording() as sent:
            response = send(url, *arguments, **more)
            body = b"".join(response.streaming_content) if response.streaming else response.content
            response.close()
        if not leave:
            self.put_back(sent)
        of_ours = [one for one in sent if not (one.database == "admin" and one.name in END_OF_TRANSACTION)]
        return Outcome(
            persona,
            method,
            url,
            response.status_code,
            response.headers.get("Location", ""),
            body,
            dict(response.headers),
            frozenset(one.database for one in of_ours),
            frozenset(one.database for one in of_ours if one.name in WRITES),
            tuple(sent),
        )

    def fingerprint(self, org_id: str) -> Mapping[str, str]:
        """A hash of every collection of a firm, made by the server."""
        hashes: dict[str, str] = clients.for_address("MONGODB_URI")[org_id].command("dbHash")["collections"]
        return hashes

    def keep(self) -> None:
        """Copy every document: the state that the world returns to after each request."""
        client = clients.for_address("MONGODB_URI")
        for database in (CONTROL, SHARED, NORTH, SOUTH, IDLE):
            for name in client[database].list_collection_names():
                self._documents[database, name] = list(client[database][name].find())

    def put_back(self, sent: Sequence[Command]) -> None:
        """Return what these commands may have written to the state that was kept."""
        client = clients.for_address("MONGODB_URI")
        known = {database for database, _ in self._documents}
        written = {(one.database, one.collection) for one in sent if one.name in WRITES}
        for database in {database for database, _ in written} - known - {"admin"}:
            client.drop_database(database)
            registry.forget(database)
        if SHARED in {database for database, _ in written}:
            shared_cache.clear()
        for database, name in written:
            if database in known:
                collection = client[database].get_collection(name, write_concern=WriteConcern(1))
                collection.delete_many({})
                documents = self._documents.get((database, name))
                if documents:
                    collection.insert_many(documents)


@contextmanager
def built() -> Iterator[World]:
    """Build the world in the empty databases of a test run, and remove it afterwards."""
    with no_organization():
        try:
            yield _build()
        finally:
            page_cache.clear()
            _remove()


def _build() -> World:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        call_command("load_banks", stdout=nowhere)
        call_command("load_formats", stdout=nowhere)
    Cluster.objects.get_or_create(name="primary", defaults={"address_setting": "MONGODB_URI"})
    people: dict[Persona, User] = {}
    names: dict[str, Names] = {}
    for org_id, name, initials in ((NORTH, "North Valuers", "NV"), (SOUTH, "South Surveyors", "SS")):
        firm = create_organization(NewOrganization(org_id, name, initials), by=None)
        own = {one: _member(firm, one) for one in (*MEMBERS, *RIVALS) if one.org_id == org_id}
        people |= own
        with organization_active(firm.placement):
            names[org_id] = _furnish(firm, {one.role: user for one, user in own.items()})
    idle = create_organization(NewOrganization(IDLE, "Idle Valuers", "IV"), by=None)
    people[SUSPENDED] = _member(idle, SUSPENDED)
    suspend_organization(idle, reason="For tests", by=None)
    people[STAFF] = add_staff(email="staff@world.example", name="Sunita Staff", password=PASSWORD, by=None)
    people[STAFF_INSIDE] = add_staff(
        email="support@world.example", name="Sanjay Support", password=PASSWORD, by=None
    )
    people[NO_FIRM] = User(email="nobody@world.example", name="Nobody's Person")
    people[NO_FIRM].set_unusable_password()
    people[NO_FIRM].save()
    sessions = {persona: _signed_in(user) for persona, user in people.items()}
    support = _inside(people[STAFF_INSIDE], sessions[STAFF_INSIDE])
    names[NORTH].known["support"] = str(support.pk)
    world = World(names, _staff_names(idle, people), sessions)
    world.keep()
    return world


def _member(firm: Organization, persona: Persona) -> User:
    email = f"{persona.role}@{firm.org_id.replace('_', '-')}.example"
    name = f"{persona.role.capitalize()} of {firm.name}"
    role = Role(persona.role)
    return add_member(organization=firm, email=email, name=name, role=role, password=PASSWORD, by=None)


def _signed_in(user: User) -> str:
    """The key of the session of somebody who signed in."""
    browser = Client()
    # As read anew: with the organization as it is now.
    browser.force_login(User.objects.get(pk=user.pk))
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def _inside(staff: User, session_key: str) -> SupportSession:
    """A support session of the staff member in the first firm, in the browser with that key."""
    support = SupportSession.objects.create(
        staff_id=staff.pk,
        staff_name=staff.name,
        staff_email=staff.email,
        org_id=NORTH,
        reason="T-1042: the total of a flat differs from its preview",
        ends_at=timezone.now() + timedelta(hours=2),
    )
    Session.objects.filter(pk=session_key).update(support_id=support.pk)
    return support


def _furnish(firm: Organization, people: Mapping[str, User]) -> Names:
    """Something of everything in the firm that is active: reports in each state, files, comments, a logo."""
    manager, valuer = people[Role.MANAGER], people[Role.VALUER]
    with_logo: dict[str, Any] = {
        "letterhead": {"name": firm.name},
        "initials": firm.initials,
        "reference_pattern": firm.reference_pattern,
        "accent": firm.accent,
        "valuers_may_review": False,
        "logo": ("logo.jpg", picture("#336699")),
    }
    change_firm(organization=firm, by=manager, now=NOW, **with_logo)
    reports = {
        state: begin(firm, valuer, name="sbi_flat_v1").pk
        for state in ("draft", "in_review", "approved", "issued")
    }
    photograph = actions.add_photograph(
        report_id=reports["draft"],
        upload=SimpleUploadedFile("front.jpg", picture(), "image/jpeg"),
        caption=f"Front, by {firm.name}",
        by=valuer,
        now=NOW,
    )
    commented = actions.add_comment(
        report_id=reports["draft"], path="common.details", text=f"Of {firm.name}", by=valuer, now=NOW
    )
    for state in ("in_review", "approved", "issued"):
        actions.submit_report(report_id=reports[state], by=valuer, now=NOW)
        if state != "in_review":
            actions.approve_report(report_id=reports[state], by=manager, now=NOW)
    issued = actions.issue_report(report_id=reports["issued"], organization=firm, by=manager, now=NOW)
    return Names(
        **reports,
        firm_name=firm.name,
        photograph=photograph.pk,
        document=issued.document_id,
        comment=commented.comments[0]["id"],
        manager_email=manager.email,
        colleague=valuer.pk,
        guest=_without_password(firm, "guest", invited_at=timezone.now()),
        left=_without_password(firm, "left", is_active=False, cognito_id=f"left of {firm.org_id}"),
        format=Format.objects.get(bank_code="SBI", property_type="flat", version=2).pk,
    )


def _without_password(firm: Organization, name: str, **more: Any) -> ObjectId:
    """Somebody of the firm who cannot sign in: invited just now, or deactivated."""
    person = User(
        email=f"{name}@{firm.org_id.replace('_', '-')}.example",
        name=f"{name.capitalize()} of {firm.name}",
        organization=firm,
        role=Role.ASSISTANT.value,
        **more,
    )
    person.set_unusable_password()
    person.save()
    key: ObjectId = person.pk
    return key


def _staff_names(idle: Organization, people: Mapping[Persona, User]) -> Names:
    """Records that staff keep: each in the state that the steps of its pages need."""
    # Migrating repeats what is there already.
    Organization.objects.filter(pk=idle.pk).update(migrations=[])
    half_made = Organization.objects.create(
        org_id=HALF_MADE,
        name="Half-made Valuers",
        initials="HM",
        cluster=Cluster.objects.get(name="primary"),
        status=OrganizationStatus.PROVISIONING,
    )
    plan, spare_plan = (
        Plan.objects.create(
            code=code, name=code, seats=5, reports_a_month=50, storage_mb=500, price_a_month="999.00"
        )
        for code in ("basic", "spare")
    )
    north = Organization.objects.get(org_id=NORTH)
    subscription = Subscription.objects.create(
        organization=north, plan=plan, status="active", starts_on=timezone.localdate()
    )
    former = User.objects.create(email="former@world.example", name="Former Staff", is_staff=True)
    User.objects.filter(pk=former.pk).update(is_active=False)
    invited = User.objects.create(
        email="invited@world.example", name="Invited Manager", organization=north, role=Role.MANAGER.value
    )
    invited.set_unusable_password()
    invited.save()
    bank = Bank.objects.get(code="SBI")
    published = Format.objects.get(bank_code="SBI", property_type="flat", version=2)
    return Names(
        organization=north.pk,
        behind=idle.pk,
        half_made=half_made.pk,
        cluster=Cluster.objects.get(name="primary").pk,
        spare_cluster=Cluster.objects.create(name="spare").pk,
        content_type=ContentType.objects.get_for_model(Plan).pk,
        plan=plan.pk,
        spare_plan=spare_plan.pk,
        subscription=subscription.pk,
        person=people[MEMBERS[1]].pk,
        former=former.pk,
        invited=invited.pk,
        entry=_first(AuditEntry),
        stopped=Operation.objects.create(
            kind="backup", org_id=NORTH, status="stopped", step="copy", requested_by="system"
        ).pk,
        backup=Backup.objects.create(org_id=NORTH, name=BACKUP, status="good", store="local").pk,
        support=_first(SupportSession),
        task=TaskRecord.objects.create(key="a-task", path="tenants.tasks.some", state="DEAD").pk,
        **_at_the_end(north.cluster),
        bank=bank.pk,
        branch=bank.branches[0].code,
        format=published.pk,
        common_fields=_first(CommonFields),
        document_type=_first(DocumentType),
    )


def _at_the_end(cluster: Cluster) -> dict[str, Any]:
    """Firms that are leaving or gone, without a database: for the steps that only such a firm has."""
    gone = {"name": "Leaving Valuers", "initials": "LV", "cluster": cluster}
    leaving = Organization.objects.create(
        org_id=LEAVING, status=OrganizationStatus.OFFBOARDING, delete_after=timezone.now(), **gone
    )
    deleted = Organization.objects.create(org_id=DELETED, status=OrganizationStatus.DELETED, **gone)
    return {"leaving": leaving.pk, "deleted": deleted.pk}


def _first(model: Any) -> ObjectId:
    record = model.objects.first()
    assert record is not None
    found: ObjectId = record.pk
    return found


def _remove() -> None:
    client = clients.for_address("MONGODB_URI")
    for org_id in (NORTH, SOUTH, IDLE):
        client.drop_database(org_id)
    control = client[CONTROL]
    for name in control.list_collection_names():
        if name not in _KEPT:
            control[name].delete_many({})
    registry.clear()
    shared_cache.clear()
