"""Three firms that hold unique words, colours and ids in every collection and every file.

A marker is a word that no other firm, no format and no program has: the firm's stem, the plane it is stored
on (``c`` control, ``t`` tenant) and a number that tells the place. What a firm cannot write into a picture as
text it has as a colour, and every id, hash and file name of its database counts as a marker too. The third
kind of canary is the twin: a report with one photograph and one attached file that have the same ids and the
same names in the file store of every firm, for whatever looks things up by less than firm and id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections

from banks.models import BankOverride, CustomTemplate, Format
from conftest import person
from reports import actions
from reports.actions.save import section_version
from reports.models import Report
from reports.tests.making import LAND_AND_BUILDING, shipped_format
from tenants.actions import change_firm, change_profile
from tenants.audit import record_audit
from tenants.context import organization_active
from tenants.models import (
    ApiToken,
    Backup,
    Counter,
    Organization,
    Plan,
    StoredFile,
    SupportSession,
    TaskRecord,
    User,
    UserSettings,
)
from tenants.operations.provision import NewOrganization, create_organization
from tenants.operations.suspending import reactivate_organization, suspend_organization
from tenants.permissions import Role
from tests.isolation.canary_material import Colour, marked_answers, picture, tiny_pdf

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
FLAT = "sbi_flat_v1"
TWIN_REPORT = ObjectId("c0ffee00c0ffee00c0ffee01")
TWIN_PHOTOGRAPH = ObjectId("c0ffee00c0ffee00c0ffee02")
TWIN_ATTACHMENT = ObjectId("c0ffee00c0ffee00c0ffee03")
TWINS = frozenset(str(one) for one in (TWIN_REPORT, TWIN_PHOTOGRAPH, TWIN_ATTACHMENT))
OWN_BRANCH = "OWN_BRANCH"
STATES = ("draft", "in_review", "changes_requested", "approved", "issued", "cancelled")
_HEX = re.compile(r"(?<![0-9a-fA-F])[0-9a-f]{16,64}(?![0-9a-fA-F])")


@dataclass(frozen=True, slots=True)
class Breed:
    """What tells one firm's canaries from another's."""

    stem: str
    initials: str
    colours: Mapping[str, Colour]

    @property
    def org_id(self) -> str:
        """It has the stem in it, so that every name of the database is a marker too."""
        return f"{self.stem.lower()}_valuers"


BREEDS = (
    Breed("Quizdram", "XQVZA1", {"photograph": (230, 20, 140), "logo": (250, 120, 10)}),
    Breed("Brelvont", "XBRVZ2", {"photograph": (20, 200, 60), "logo": (0, 165, 190)}),
    Breed("Jumpkwyt", "XJKWZ3", {"photograph": (40, 60, 230), "logo": (125, 30, 185)}),
)


@dataclass(slots=True)
class Firm:
    """One firm with its people (by role), its reports (by state, and ``twin``) and all its markers."""

    breed: Breed
    organization: Organization
    people: dict[str, User] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    # The word → where it was planted.
    places: dict[str, str] = field(default_factory=dict)
    # Ids, hashes and names in the file store → where they are stored. Without the twins'.
    ids: dict[str, str] = field(default_factory=dict)
    # Those of them that the control plane holds too, the logo's for one.
    control_ids: set[str] = field(default_factory=set)
    # The code of a branch that the firm alone has.
    branch_code: str = ""

    def word(self, place: str, plane: str = "t") -> str:
        """A new marker, remembered with its place."""
        word = f"{self.breed.stem}{plane}{len(self.places):04}"
        self.places[word.lower()] = place
        return word

    @property
    def org_id(self) -> str:
        return self.breed.org_id

    def stored(self) -> dict[str, list[dict[str, Any]]]:
        """Every document of the firm's database, by collection."""
        with organization_active(self.organization.placement):
            database = connections[self.org_id].database  # type: ignore[attr-defined]
            return {name: list(database[name].find()) for name in sorted(database.list_collection_names())}


def plant(breed: Breed) -> Firm:
    """A firm with a marker everywhere. The banks and formats must be loaded."""
    firm = _established(breed)
    manager, valuer = firm.people["manager"], firm.people["valuer"]
    with organization_active(firm.organization.placement):
        _make_up(firm)
        for one in firm.people.values():
            change_profile(by=one, block=_valuer_block(firm))
            UserSettings.objects.filter(user_id=str(one.pk)).update(
                default_bank=firm.word("users_settings.default_bank")
            )
        _override_banks(firm)
        for state in STATES:
            firm.reports[state] = _Life(firm, valuer, manager).reach(state)
        _set_aside(firm)
        _keep_template(firm)
        Counter.objects.create(name=firm.word("counters.name"), value=7)
        firm.reports["twin"] = _twin(firm)
    return firm


def _established(breed: Breed) -> Firm:
    """The firm in the control plane: plan, subscription, people, a suspension in its past."""
    firm = Firm(breed, Organization())
    plan = Plan.objects.create(
        code=firm.word("plans.code", "c").lower(),
        name=firm.word("plans.name", "c"),
        seats=9,
        reports_a_month=90,
        storage_mb=900,
        # More than a crawl asks for in a minute.
        api_requests_a_minute=100_000,
        price_a_month="900.00",
    )
    firm.organization = create_organization(
        NewOrganization(breed.org_id, firm.word("organizations.name", "c"), breed.initials, plan=plan.code),
        by=None,
    )
    for role in Role:
        name = f"{firm.word(f'users.name of the {role.value}', 'c')} {role.label}"
        firm.people[role.value] = person(firm.organization, name, role)
    suspend_organization(firm.organization, reason=firm.word("audit_logs: a suspension", "c"), by=None)
    reactivate_organization(firm.organization, by=None)
    firm.organization.status_reason = firm.word("organizations.status_reason", "c")
    firm.organization.save()
    Backup.objects.create(org_id=firm.org_id, name=firm.word("backups.name", "c"), store="nowhere")
    TaskRecord.objects.create(
        key=firm.word("tasks.key", "c"), path="nothing.to_run", org_id=firm.org_id, state="SUCCESSFUL"
    )
    ApiToken.objects.create(
        key=firm.word("api_tokens.key", "c"),
        digest="0" * 64,
        user_id=firm.people["manager"].pk,
        org_id=firm.org_id,
        name=firm.word("api_tokens.name", "c"),
        scopes=["read"],
        expires_at=NOW + timedelta(days=30),
    )
    SupportSession.objects.create(
        staff_id=ObjectId(),
        staff_name=firm.word("support_sessions.staff_name", "c"),
        staff_email=f"{firm.word('support_sessions.staff_email', 'c').lower()}@staff.example",
        org_id=firm.org_id,
        reason=firm.word("support_sessions.reason", "c"),
        begun_at=NOW - timedelta(hours=2),
        ends_at=NOW - timedelta(hours=1),
    )
    record_audit(
        firm.word("audit_logs.action", "c"),
        by=firm.people["manager"],
        organization=firm.organization,
        target=firm.word("audit_logs.target", "c"),
    )
    return firm


def _make_up(firm: Firm) -> None:
    letterhead: dict[str, Any] = {
        name: firm.word(f"organizations.letterhead.{name}", "c")
        for name in ("name", "tagline", "phone", "website", "registration")
    }
    change_firm(
        organization=firm.organization,
        by=firm.people["manager"],
        now=NOW,
        letterhead={
            **letterhead,
            "email": f"{firm.word('organizations.letterhead.email', 'c').lower()}@mail.example",
            "address": [firm.word("organizations.letterhead.address", "c")],
        },
        initials=firm.breed.initials,
        reference_pattern=firm.word("organizations.reference_pattern", "c") + "/{initials}/{seq:04}",
        accent="plum",
        valuers_may_review=True,
        logo=("logo.png", picture(firm.breed.colours["logo"], "PNG")),
    )


def _valuer_block(firm: Firm) -> dict[str, Any]:
    block: dict[str, Any] = {
        name: firm.word(f"users_settings.valuer_block.{name}")
        for name in ("name", "qualifications", "empanelment", "address", "phone")
    }
    pair = [firm.word("users_settings.valuer_block.registrations") for _ in range(2)]
    memberships = [firm.word("users_settings.valuer_block.memberships")]
    return {**block, "registrations": [pair], "memberships": memberships}


def _override_banks(firm: Firm) -> None:
    """The same banks and the same branches in every firm, each with its own words."""
    firm.branch_code = firm.word("bank_overrides: code of a branch")
    for code, changed in (("SBI", "SBI_MUM_BKC"), ("BOB", "BOB_PUN_CAMP")):
        at = f"bank_overrides of {code}"
        own = {
            name: firm.word(f"{at}: own branch's {name}")
            for name in ("name", "ifsc", "micr", "street", "city", "district", "state", "phone", "email")
        }
        BankOverride.objects.create(
            bank_code=code,
            changes={name: f"Bank {firm.word(f'{at}: {name}')}" for name in ("name", "short_name", "city")},
            branches={
                changed: {"name": firm.word(f"{at}: changed branch's name")},
                OWN_BRANCH: own,
                firm.branch_code: {"name": firm.word(f"{at}: name of a branch")},
            },
            formats={"general/land_building": {"all": _format_changes(firm, at)}} if code == "SBI" else None,
            letterhead={
                name: firm.word(f"{at}: letterhead.{name}")
                for name in ("name", "tagline", "address", "phone", "website", "registration")
            },
            empanelment={
                name: firm.word(f"{at}: empanelment.{name}") for name in ("number", "category", "remarks")
            },
            under={"bank.name": firm.word(f"{at}: under")},
            updated_by_name=firm.word(f"{at}: updated_by_name"),
        )


def _format_changes(firm: Firm, at: str) -> dict[str, Any]:
    """A question worded by the firm, and one of its own."""
    own = {
        "id": "own_remark",
        "type": "text",
        "label": firm.word(f"{at}: label of an own question"),
        "width": 12,
    }
    return {
        "fields": {"general.location.landmark": {"label": firm.word(f"{at}: label of a question")}},
        "added": [{"section": "general.location", "after": "landmark", "field": own}],
    }


def _set_aside(firm: Firm) -> None:
    """An answer that the draft's format has no question for."""
    kept = {
        "label": firm.word("reports.set_aside: label"),
        "answer": firm.word("reports.set_aside: answer"),
        "reason": firm.word("reports.set_aside: reason"),
    }
    Report.objects.filter(pk=firm.reports["draft"].pk).update(set_aside={"general.gone.question": kept})


def _keep_template(firm: Firm) -> None:
    CustomTemplate.objects.create(
        name=firm.word("custom_templates.name"),
        bank_code="SBI",
        scheme="general",
        property_type="flat",
        answers=marked_answers(FLAT, lambda path: firm.word(f"custom_templates.answers {path}")),
        created_by=str(firm.people["valuer"].pk),
    )


# A report's life -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Life:
    """Brings a report of the firm to a state, with files, comments and notes on the way."""

    firm: Firm
    valuer: User
    manager: User

    def reach(self, state: str) -> Report:
        # The draft has every section of the largest format; the others are flats, which are quicker laid out.
        name = LAND_AND_BUILDING if state == "draft" else FLAT
        report = self._begun(state, name)
        who: dict[str, Any] = {"report_id": report.pk, "now": NOW}
        if state == "cancelled":
            actions.cancel_report(**who, by=self.manager, reason=self._word(state, "reason"))
        elif state != "draft":
            self._reviewed(state, who)
        found: Report = Report.objects.get(pk=report.pk)
        return found

    def _begun(self, state: str, name: str) -> Report:
        key = shipped_format(name).key
        stored = Format.objects.get(
            bank_code="SBI", scheme=key.scheme, property_type=key.property_type, version=key.version
        )
        report = actions.begin_report(
            organization=self.firm.organization,
            by=self.valuer,
            now=NOW,
            format_id=stored.pk,
            branch_code={"issued": OWN_BRANCH, "approved": self.firm.branch_code}.get(state, "SBI_MUM_BKC"),
            answers=marked_answers(name, lambda path: self._word(state, f"answers {path}")),
        )
        who: dict[str, Any] = {"report_id": report.pk, "by": self.valuer, "now": NOW}
        if state in ("draft", "changes_requested", "issued"):
            self._add_files(state, who)
        actions.add_comment(**who, path="general.area", text=self._word(state, "comments"))
        return report

    def _add_files(self, state: str, who: dict[str, Any]) -> None:
        colour = self.firm.breed.colours["photograph"]
        name = f"{self.firm.word('files_metadata.name of a photograph')}.jpg"
        caption = self.firm.word("files_metadata.caption")
        upload = SimpleUploadedFile(name, picture(colour, "JPEG"), "image/jpeg")
        actions.add_photograph(**who, upload=upload, caption=caption)
        words = (self.firm.word("files_metadata.name of a PDF"), self.firm.word("the text of a PDF"))
        upload = SimpleUploadedFile(f"{words[0]}.pdf", tiny_pdf(words[1]), "application/pdf")
        attached = actions.attach_file(**who, upload=upload)
        report: Report = Report.objects.get(pk=who["report_id"])
        report.answers["general"]["records"]["title_deed_copy"] = str(attached.pk)
        Report.objects.filter(pk=report.pk).update(answers=report.answers)

    def _reviewed(self, state: str, who: dict[str, Any]) -> None:
        actions.submit_report(**who, by=self.valuer)
        text = self._word(state, "comments")
        actions.add_comment(**who, by=self.manager, path="general.property", text=text)
        if state == "in_review":
            return
        if state == "changes_requested":
            actions.return_report(**who, by=self.manager, note=self._word(state, "review_note"))
            self._saved_again(state, who)
            return
        actions.approve_report(**who, by=self.manager, note=self._word(state, "note of the approval"))
        if state == "issued":
            actions.issue_report(**who, by=self.manager, organization=self.firm.organization)

    def _saved_again(self, state: str, who: dict[str, Any]) -> None:
        """A change since the return, so that the activity holds an answer before and after."""
        report: Report = Report.objects.get(pk=who["report_id"])
        values = dict(report.answers["general"]["property"])
        values["brief_description"] = self._word(state, "answers, changed since the return")
        actions.save_section(
            **who,
            by=self.valuer,
            tab_id="general",
            section_id="property",
            values=values,
            base_version=section_version(report, "general.property"),
        )

    def _word(self, state: str, place: str) -> str:
        return self.firm.word(f"reports.{place} ({state})")


def _twin(firm: Firm) -> Report:
    """Copies of the draft, a photograph and an attached file, under ids that every firm has alike."""
    connection: Any = connections[firm.org_id]
    draft = str(firm.reports["draft"].pk)
    report = connection.get_collection("reports").find_one({"_id": ObjectId(draft)})
    reference = firm.word("reports.reference of the twin")
    report |= {"_id": TWIN_REPORT, "reference": reference, "review_note": firm.word("reports.review_note")}
    report |= {"format_title": firm.word("reports.format_title of the twin")}
    report["answers"]["general"]["records"]["title_deed_copy"] = str(TWIN_ATTACHMENT)
    connection.get_collection("reports").insert_one(report)
    files = connection.get_collection("files_metadata")
    for kind, twin in (("photograph", TWIN_PHOTOGRAPH), ("attachment", TWIN_ATTACHMENT)):
        entry = files.find_one({"report_id": draft, "kind": kind})
        names = {"stored_as": f"twin-{kind}"}
        if entry["thumbnail_as"]:
            names["thumbnail_as"] = "twin-thumbnail"
        for name, stored_as in names.items():
            content = default_storage.open(entry[name]).read()
            default_storage.save(stored_as, ContentFile(content))
        files.insert_one({**entry, **names, "_id": twin, "report_id": str(TWIN_REPORT)})
    return Report.objects.get(pk=TWIN_REPORT)


# What of it is unique --------------------------------------------------------------------------------


def texts_of(value: Any) -> Iterator[str]:
    """Every text, id and name anywhere in a document."""
    if isinstance(value, str | ObjectId):
        yield str(value)
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from texts_of(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_of(inner)


def ids_in(documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """Every id and hash in documents."""
    return {one for document in documents for text in texts_of(document) for one in _HEX.findall(text)}


def find_ids(firms: list[Firm], *, control: set[str], shared: set[str]) -> None:
    """Learn which ids and hashes belong to one firm alone, by those in control plane and shared resources."""
    found: list[dict[str, str]] = []
    for firm in firms:
        ids: dict[str, str] = {}
        for collection, documents in firm.stored().items():
            for document in documents:
                for name, value in document.items():
                    if collection == "fs.chunks" and name == "data":
                        continue
                    for text in texts_of(value):
                        ids |= dict.fromkeys(_HEX.findall(text), f"{collection}.{name}")
        ids |= {str(one.pk): "users._id" for one in firm.people.values()}
        ids[str(firm.organization.pk)] = "organizations._id"
        found.append(ids)
    for firm, ids in zip(firms, found, strict=True):
        others = {one for other in found if other is not ids for one in other}
        firm.ids = {one: place for one, place in ids.items() if one not in others | shared | TWINS}
        firm.control_ids = control & set(firm.ids)
        # Addresses and entity tags name a file by the beginning of its hash.
        for one, place in list(firm.ids.items()):
            if len(one) == 64:
                firm.ids |= {one[:length]: f"{place} (its beginning)" for length in (16, 24, 32)}


def files_of(firm: Firm, report: Report) -> list[StoredFile]:
    """The report's files, of every kind."""
    with organization_active(firm.organization.placement):
        return list(StoredFile.objects.filter(report_id=str(report.pk)))
