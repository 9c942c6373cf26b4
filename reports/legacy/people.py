"""People of the former system, into the control plane: without a password, with the role that is plain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError

from banks.legacy.faults import Severity
from reports.legacy.bringing import Import, batches, id_of
from reports.legacy.converting import KnownPerson, kept_of
from reports.legacy.notebook import Outcome, Row
from reports.legacy.originals import NotReadable, as_read, id_text
from reports.legacy.recognising import Kind
from reports.legacy.values import moment_of
from tenants.audit import audit_entry, record_audits
from tenants.auditing.plain import plain
from tenants.models import Organization, User
from tenants.models.users import normalise_email
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.permissions import Role

ROLE_WORDS = {
    "manager": Role.MANAGER, "org_admin": Role.MANAGER, "organization_admin": Role.MANAGER,
    "firm_admin": Role.MANAGER, "valuer": Role.VALUER, "assistant": Role.ASSISTANT,
    "data_entry": Role.ASSISTANT, "data_entry_operator": Role.ASSISTANT, "viewer": Role.VIEWER,
    "read_only": Role.VIEWER, "readonly": Role.VIEWER,
}  # fmt: skip
_NAMES = ("name", "full_name", "fullName", "display_name", "displayName")
_ROLES = ("role", "user_role", "userRole", "roles")
# Under which the reports and records of the former system name somebody.
_OLD_NAMES = ("_id", "user_id", "userId", "id", "username", "email", "sub", "cognito_id", "cognitoId")
_INACTIVE = frozenset({"inactive", "disabled", "deactivated", "suspended", "deleted", "blocked"})


def bring_people(run: Import) -> None:
    """Everybody of an organization that is brought over. Whoever has an account here keeps it as it is."""
    for batch in batches(run.book.rows(Kind.PERSON)):
        people = [(row, person) for row in batch if (person := _person(run, row)) is not None]
        if not run.dry_run:
            people = _store(people)
        for row, person in people:
            run.book.decide(row.seq, Outcome.ADDED, str(person.pk))
    if not run.dry_run:
        _tell_of_managers(run)


def _person(run: Import, row: Row) -> User | None:
    """The person to be stored; None where it is decided otherwise, which is written down."""
    document = row.document
    email = normalise_email(_text(document, ("email", "username"))[:254])
    if row.organization not in run.places:
        where = f"“{row.organization}”, which is none of ours" if row.organization else "no organization"
        run.book.refuse(
            row, "organization_id", f"The person belongs to {where}.",
            "Staff are never made by an import: add them in the admin.",
        )  # fmt: skip
        return None
    organization = run.places[row.organization]
    if _is_here(run, row, email, organization):
        return None
    person = User(
        pk=id_of(row),
        email=email,
        name=_name(run, row, document, email),
        organization=organization,
        role=_role(run, row, document).value,
        is_active=_is_active(document),
        created_at=_created_at(run, row, document),
        legacy={"id": row.shown_id[:200], **kept_of(row)},
    )
    person.set_unusable_password()
    if organization is None:
        # Still to be made: a dry run looks at the person all the same.
        person.organization_id = row.organization[:38]
    try:
        person.full_clean(exclude=["organization"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        said = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
        run.book.refuse(row, "email", said, "Mend it in the source, or add the person here.")
        return None
    run.addresses.add(email)
    run.planned.setdefault(row.organization, []).append((document, person))
    return person


def _created_at(run: Import, row: Row, document: Mapping[str, Any]) -> datetime:
    said = moment_of(document.get("created_at", document.get("createdAt")))
    if said is not None:
        return said
    at, stands = row_time(row)
    run.book.tell(row.fault("created_at", "It does not say when it was made.", stands, Severity.NOTE))
    return at


def row_time(row: Row) -> tuple[datetime, str]:
    """When the document was made, by its id, or else the beginning of time here; with a sentence of it."""
    generated = getattr(row.id, "generation_time", None)
    if isinstance(generated, datetime):
        return generated, "It stands under the time in its id."
    return datetime(1980, 1, 1, tzinfo=UTC), "It stands under 1 January 1980."


def _is_here(run: Import, row: Row, email: str, organization: Organization | None) -> bool:
    if email in run.addresses:
        run.book.refuse(
            row, "email", f"“{email}” stands in another document of a person too.",
            "One account has one address: the first is brought over, this one is not.",
        )  # fmt: skip
        return True
    found = User.objects.filter(pk=id_of(row)).first() or User.objects.filter(email=email).first()
    if found is None:
        return False
    if (found.legacy or {}).get("hash") == row.hash:
        # As in the run that made the account: another document with this address is refused.
        run.addresses.add(found.email)
        run.book.decide(row.seq, Outcome.UNCHANGED, str(found.pk))
        return True
    elsewhere = found.organization_id != (organization.org_id if organization else None)
    run.book.tell(
        row.fault(
            "email",
            f"{found.email} has an account here already"
            + (", not in this organization." if elsewhere else "."),
            "It stays as it is; the old document is not taken over.",
            Severity.CHANGED,
        )
    )
    run.book.decide(row.seq, Outcome.LEFT, str(found.pk))
    return True


def _name(run: Import, row: Row, document: Mapping[str, Any], email: str) -> str:
    name = _text(document, _NAMES)
    if not name:
        parts = [_text(document, keys) for keys in (("first_name", "firstName"), ("last_name", "lastName"))]
        name = " ".join(part for part in parts if part)
    if not name:
        run.book.tell(
            row.fault("name", "It says no name.", "The e-mail address stands for it.", Severity.CHANGED)
        )
        name = email
    return name[:100]


def _role(run: Import, row: Row, document: Mapping[str, Any]) -> Role:
    key = next((key for key in _ROLES if document.get(key)), "role")
    said = document.get(key)
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    word = said.strip().casefold().replace(" ", "_").replace("-", "_") if isinstance(said, str) else ""
    found = ROLE_WORDS.get(word)
    if found is None:
        words = ", ".join(map(str, said)) if isinstance(said, list) else str(said)
        shown = f"“{words[:40]}”" if said else "Nothing"
        run.book.tell(
            row.fault(
                key, f"{shown} is no role that is known here.",
                "The person is a viewer; a manager or staff gives the right role.", Severity.CHANGED,
            )
        )  # fmt: skip
        return Role.VIEWER
    if word != found.value:
        run.book.tell(
            row.fault(
                key, f"“{word}” is called {found.label.lower()} here.", "It is taken so.", Severity.NOTE
            )
        )
    return found


def _is_active(document: Mapping[str, Any]) -> bool:
    for key in ("is_active", "isActive", "active"):
        if isinstance(document.get(key), bool):
            return bool(document[key])
    return _text(document, ("status",)).casefold() not in _INACTIVE


def _text(document: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = document.get(key)
        if isinstance(value, str) and value.strip():
            said: str = plain(value)
            return " ".join(said.split())
    return ""


def _store(people: list[tuple[Row, User]]) -> list[tuple[Row, User]]:
    def store() -> None:
        for _, person in people:
            person._state.adding = True
            person.save(force_insert=True)
        record_audits(
            [
                audit_entry(
                    "person.added",
                    by=None,
                    organization=person.organization_id,
                    target=person.email,
                    details={"role": person.role, "imported": row.shown_id},
                )
                for row, person in people
            ]
        )

    if people:
        run_atomically(store, using=CONTROL_ALIAS)
    return people


def _tell_of_managers(run: Import) -> None:
    for organization in {one.org_id: one for one in run.places.values() if one is not None}.values():
        if not User.objects.filter(
            organization=organization.org_id, role=Role.MANAGER, is_active=True
        ).exists():
            run.say(f"{organization.org_id} has no manager: staff give somebody that role in the admin.")


def people_of(run: Import, old: str) -> dict[str, KnownPerson]:
    """Everybody of one organization by every name that its old documents may have for them."""
    found: dict[str, KnownPerson] = {}
    organization = run.places.get(old)
    if organization is not None:
        for person in User.objects.filter(organization=organization.org_id):
            names = {str(person.pk), person.email}
            try:
                names |= _old_names(as_read(person.legacy)) if person.legacy else set()
            except NotReadable:
                pass
            for name in names:
                found[name.strip().casefold()] = KnownPerson(str(person.pk), person.name)
    for document, person in run.planned.get(old, []):
        for name in _old_names(document) | {person.email}:
            found.setdefault(name.strip().casefold(), KnownPerson(str(person.pk), person.name))
    return found


def _old_names(document: Mapping[str, Any]) -> set[str]:
    return {id_text(document[key]) for key in _OLD_NAMES if document.get(key) not in (None, "")}
