"""Banks, common fields and formats of the former system, into the shared resources.

All of it is written in one block, so that every process reads anew once. What staff made here stays; a
published format never changes, so another content becomes its next version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from banks.formats.checksums import checksum_of
from banks.formats.problems import FormatProblem
from banks.formats.reading import from_content, load_json
from banks.legacy.banks import bank_from
from banks.legacy.common_fields import common_fields_from
from banks.legacy.converted import ConvertedFormat
from banks.legacy.faults import Severity
from banks.legacy.formats import format_from
from banks.loading import COMMON_FIELDS
from banks.models import Bank, Branch, CommonFields, Format, FormatStatus
from reports.calculation.engine import check_formulas
from reports.legacy.bringing import Import, at, id_of
from reports.legacy.converting import KnownBank, KnownFormat, kept_of
from reports.legacy.known import Formats, names_in_banks, names_of_format
from reports.legacy.notebook import Outcome, Row
from reports.legacy.originals import NotReadable, as_read, own_id
from reports.legacy.recognising import Kind
from tenants.context import shared_resources_writable

_IMPORTED = "imported"


@contextmanager
def writing(run: Import) -> Iterator[None]:
    """Where the shared resources are written; with a dry run nothing may be."""
    with nullcontext() if run.dry_run else shared_resources_writable():
        yield


# Banks --------------------------------------------------------------------------------------------------


def bring_banks(run: Import) -> None:
    for row in run.book.rows(Kind.BANK):
        converted = bank_from(row.document)
        run.book.tell_all(at(row, converted.faults))
        if converted.refused:
            run.book.decide(row.seq, Outcome.REFUSED)
            continue
        found = Bank.objects.filter(code=converted.values["code"]).first()
        try:
            outcome, made = (
                _new_bank(run, row, converted.values, converted.legacy)
                if found is None
                else _bank_again(run, row, found, converted.values, converted.legacy)
            )
        except ValidationError as error:
            run.book.refuse(row, "", f"The bank is not valid: {_said(error)}", "Mend it in the source.")
            continue
        run.book.decide(row.seq, outcome, made)


def _new_bank(
    run: Import, row: Row, values: Mapping[str, Any], legacy: Mapping[str, Any]
) -> tuple[Outcome, str]:
    bank = Bank(**{**values, "branches": _branches(values)}, legacy=_bank_legacy(row, values, legacy))
    bank.pk = id_of(row)
    bank.full_clean(validate_unique=False, validate_constraints=False)
    if not run.dry_run:
        if Bank.objects.filter(pk=bank.pk).exists():
            bank.pk = own_id("bank", [str(bank.pk), bank.code])
        bank.save(force_insert=True)
    return Outcome.ADDED, str(bank.pk)


def _bank_again(
    run: Import, row: Row, bank: Bank, values: Mapping[str, Any], legacy: Mapping[str, Any]
) -> tuple[Outcome, str]:
    before = bank.legacy
    if before is None:
        return _beside(run, row, bank, values, legacy)
    untouched = before.get("made") == _digest(_plain_bank(bank))
    outcome = run.met(row, before, what=f"The bank {bank.code}", untouched=untouched)
    if outcome is None:
        for name, value in values.items():
            setattr(bank, name, value)
        bank.branches, bank.legacy = _branches(values), _bank_legacy(row, values, legacy)
        bank.full_clean(validate_unique=False, validate_constraints=False)
        if not run.dry_run:
            bank.save()
        outcome = Outcome.UPDATED
    return outcome, str(bank.pk)


def _beside(
    run: Import, row: Row, bank: Bank, values: Mapping[str, Any], legacy: Mapping[str, Any]
) -> tuple[Outcome, str]:
    """The bank is here already, kept by staff: it stays, and branches that it lacks come to it."""
    known = {branch.code for branch in bank.branches or ()} | {branch.ifsc for branch in bank.branches or ()}
    new = [one for one in _branches(values) if one.code not in known and one.ifsc not in known]
    passed = len(values.get("branches") or ()) - len(new)
    run.book.tell(
        row.fault(
            "bankCode",
            f"The bank {bank.code} is here already.",
            f"Its own values stay; {len(new)} branches were added and {passed} were here already.",
            Severity.NOTE,
        )
    )
    bank.branches = [*(bank.branches or ()), *new]
    bank.legacy = _bank_legacy(row, values, legacy)
    bank.legacy["made"] = _digest(_plain_bank(bank))
    bank.full_clean(validate_unique=False, validate_constraints=False)
    if not run.dry_run:
        bank.save(update_fields=["branches", "legacy", "updated_at"])
    return Outcome.ADDED, str(bank.pk)


def _branches(values: Mapping[str, Any]) -> list[Branch]:
    return [Branch(**branch) for branch in values.get("branches") or ()]


def _bank_legacy(row: Row, values: Mapping[str, Any], legacy: Mapping[str, Any]) -> dict[str, Any]:
    bank = Bank(**{**values, "branches": _branches(values)})
    return {**legacy, **kept_of(row), "made": _digest(_plain_bank(bank))}


def _plain_bank(bank: Bank) -> Any:
    own = {f.name: getattr(bank, f.name) for f in Bank._meta.concrete_fields}
    for name in ("id", "legacy", "updated_at", "branches"):
        own.pop(name, None)
    branches = [
        {f.name: getattr(one, f.name) for f in Branch._meta.concrete_fields if f.name not in ("id", "legacy")}
        for one in bank.branches or ()
    ]
    return [own, branches]


def known_banks(run: Import) -> dict[str, KnownBank]:
    """Every bank that reports may name: those stored, and in a dry run those that would be. By code."""
    found = {bank.code: _known(bank) for bank in Bank.objects.all()}
    if run.dry_run:
        for row in run.book.rows(Kind.BANK, outcome=Outcome.ADDED.value):
            converted = bank_from(row.document)
            bank = Bank(**{**converted.values, "branches": _branches(converted.values)})
            earlier = found.get(bank.code)
            fresh = _known(bank)
            found[bank.code] = (
                fresh
                if earlier is None
                else KnownBank(
                    earlier.code,
                    earlier.name,
                    [*earlier.branches, *fresh.branches],
                    {**fresh.names, **earlier.names},
                )
            )
    return found


def _known(bank: Bank) -> KnownBank:
    branches, names = [], {}
    for one in bank.branches or ():
        old = one.legacy or {}
        said = {
            one.ifsc,
            one.name,
            *(str(old[key]) for key in ("id", "branchId", "branchCode") if old.get(key)),
        }
        branches.append((one.code, frozenset(name.casefold() for name in said if name)))
        names[one.code] = one.name
    return KnownBank(bank.code, bank.name, branches, names)


# Common fields ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Common:
    """The common fields that formats are made with, and where old answers to them go."""

    content: Mapping[str, Any]
    answer_paths: Mapping[str, tuple[str, ...]]


def bring_common_fields(run: Import) -> Common:
    """Store them, and give those that formats are made with: the former system's, or else ours."""
    common: Common | None = None
    stored = {str(one.pk): one for one in CommonFields.objects.all()}
    taken = {one.version for one in stored.values()}
    for row in run.book.rows(Kind.COMMON_FIELDS):
        converted = common_fields_from(row.document)
        run.book.tell_all(at(row, converted.faults))
        if converted.refused:
            run.book.decide(row.seq, Outcome.REFUSED)
            continue
        content = converted.values
        common = Common(content, converted.answer_paths)
        pk = id_of(row)
        found = stored.get(str(pk))
        outcome: Outcome | None = Outcome.ADDED
        if found is not None:
            untouched = (found.legacy or {}).get("made") == _digest(found.content)
            outcome = run.met(row, found.legacy, what="This set of common fields", untouched=untouched)
        if outcome in (Outcome.ADDED, None):
            version = found.version if found is not None else _free(int(content.get("version", 1)), taken)
            taken.add(version)
            outcome = outcome or Outcome.UPDATED
            one = CommonFields(
                pk=pk,
                version=version,
                content=content,
                legacy={**converted.legacy, **kept_of(row), "made": _digest(content)},
            )
            if not run.dry_run:
                one.save(force_insert=found is None)
        run.book.decide(row.seq, outcome, str(pk))
    return common or _stored_common(list(stored.values()))


def _stored_common(stored: list[CommonFields]) -> Common:
    for one in sorted(stored, key=lambda found: -found.version):
        try:
            converted = common_fields_from(as_read(one.legacy))
        except NotReadable:
            continue
        if not converted.refused:
            return Common(one.content, converted.answer_paths)
    return Common(load_json(COMMON_FIELDS), {})


def _free(wanted: int, taken: set[int]) -> int:
    return wanted if wanted not in taken and wanted > 0 else max(taken) + 1


# Formats ------------------------------------------------------------------------------------------------


def bring_formats(run: Import, common: Common) -> Formats:
    """Store them as published (retired where they were inactive), and give all that reports may name."""
    formats = Formats(names_in_banks(_bank_documents(run)))
    seen: set[str] = set()
    for row in run.book.rows(Kind.FORMAT):
        converted = _converted(run, row, common)
        run.book.tell_all(at(row, converted.faults))
        if converted.suggestions:
            name = converted.format_id or row.shown_id
            run.suggestions[name] = {path: one.as_json() for path, one in converted.suggestions.items()}
        if converted.refused or converted.key is None:
            run.book.decide(row.seq, Outcome.REFUSED)
            continue
        try:
            outcome, stored = _bring_format(run, row, converted)
        except (FormatProblem, ValidationError) as error:
            said = _said(error) if isinstance(error, ValidationError) else str(error)
            run.book.refuse(row, "", f"The format is not valid: {said[:600]}", "Mend it in the source.")
            continue
        run.book.decide(row.seq, outcome, str(stored.pk))
        if outcome is Outcome.LEFT:
            # What reports stand on is the stored one, read below.
            continue
        seen.add(row.shown_id)
        formats.add(_known_format(stored, converted, common), names_of_format(row.document, row.collection))
    _add_stored(formats, seen, common)
    return formats


def _converted(run: Import, row: Row, common: Common) -> ConvertedFormat:
    plain = _read(row.document, common, row.collection, {})
    wanted = _completions(run, row, plain)
    return _read(row.document, common, row.collection, wanted) if wanted else plain


def _read(
    document: Mapping[str, Any], common: Common, collection: str, completions: Mapping[str, str]
) -> ConvertedFormat:
    return format_from(
        document, common.content, completions=completions, collection=collection, check=check_formulas
    )


def _bring_format(run: Import, row: Row, converted: ConvertedFormat) -> tuple[Outcome, Format]:
    same = _versions_of(row.shown_id)
    newest = same[-1] if same else None
    content = dict(converted.content)
    if newest is not None:
        content = _under(content, scheme=newest.scheme)
        completed = (newest.legacy or {}).get("completions", {}) != _completions(run, row, converted)
        hash_changed = (newest.legacy or {}).get("hash") != row.hash
        if not hash_changed and not completed:
            return Outcome.UNCHANGED, newest
        if not completed:
            outcome = run.met(row, newest.legacy, what=f"The format {newest.title}", untouched=True)
            if outcome is not None:
                return outcome, newest
        content = _under(content, version=newest.version + 1)
    else:
        scheme = _free_scheme(run, content["format"])
        content = _under(content, scheme=scheme)
        if scheme != converted.content["format"]["scheme"]:
            run.book.tell(
                row.fault(
                    "templateMetadata", "Another format stands for the same bank and property type.",
                    f"This one is kept under the scheme “{scheme}”.", Severity.CHANGED,
                )
            )  # fmt: skip
    stored = _as_format(run, row, converted, content)
    if not run.dry_run:
        stored.save(force_insert=True)
    return (Outcome.ADDED if newest is None else Outcome.UPDATED), stored


def _completions(run: Import, row: Row, converted: ConvertedFormat) -> dict[str, str]:
    """What staff gave this time, else what they gave before."""
    if converted.format_id in run.options.completions:
        return dict(run.options.completions[converted.format_id])
    before = _versions_of(row.shown_id)
    return dict((before[-1].legacy or {}).get("completions") or {}) if before else {}


def _versions_of(old_id: str) -> list[Format]:
    return list(Format.objects.filter(legacy__id=old_id).order_by("version"))


def _under(content: Mapping[str, Any], **changes: str | int) -> dict[str, Any]:
    """The content with another key."""
    return {**content, "format": {**content["format"], **changes}}


def _free_scheme(run: Import, content: Mapping[str, Any]) -> str:
    """The first that no other format of the bank and property type has, planned ones included."""
    place = f"{content['bank_code']}/{content['property_type']}"
    taken = run.schemes.setdefault(place, set())
    taken.update(
        Format.objects.filter(
            bank_code=content["bank_code"], property_type=content["property_type"]
        ).values_list("scheme", flat=True)
    )
    wanted, number = str(content["scheme"]), 1
    while (found := wanted if number == 1 else f"{wanted}-{number}") in taken:
        number += 1
    taken.add(found)
    return found


def _as_format(run: Import, row: Row, converted: ConvertedFormat, content: dict[str, Any]) -> Format:
    """Raises FormatProblem, ValidationError."""
    definition = from_content(content)
    if problems := check_formulas(definition):
        raise FormatProblem(problems, row.shown_id)
    key = definition.key
    now = timezone.now()
    first = id_of(row)
    stored = Format(
        pk=own_id("format", [str(first), key.scheme, key.version])
        if Format.objects.filter(pk=first).exists()
        else first,
        bank_code=key.bank_code,
        scheme=key.scheme,
        property_type=key.property_type,
        version=key.version,
        title=converted.title[:160],
        description=definition.description[:400],
        status=FormatStatus.PUBLISHED if converted.is_active else FormatStatus.RETIRED,
        content=content,
        checksum=checksum_of(content),
        loaded_at=now,
        published_at=now,
        updated_by_name="Import",
        legacy={
            **converted.legacy,
            **kept_of(row),
            "id": row.shown_id,
            "template": converted.format_id,
            "completions": _completions(run, row, converted),
        },
    )
    stored.full_clean(validate_unique=False, validate_constraints=False)
    return stored


def _known_format(stored: Format, converted: ConvertedFormat, common: Common) -> KnownFormat:
    definition = from_content(stored.content)
    return KnownFormat(definition.key, stored.title, definition, converted, common.answer_paths)


def _add_stored(formats: Formats, seen: set[str], common: Common) -> None:
    """Formats that an earlier run imported: read again from what is kept of them."""
    for stored in Format.objects.filter(scheme__startswith=_IMPORTED).order_by("version"):
        legacy = stored.legacy or {}
        if not legacy.get("document") or legacy.get("id") in seen:
            continue
        try:
            document = as_read(legacy)
        except NotReadable:
            continue
        collection = str(legacy.get("collection", ""))
        converted = _read(document, common, collection, legacy.get("completions") or {})
        if converted.key is not None:
            formats.add(_known_format(stored, converted, common), names_of_format(document, collection))


def _bank_documents(run: Import) -> Iterator[Mapping[str, Any]]:
    for row in run.book.rows(Kind.BANK, outcome=None):
        yield row.document
    for stored in Bank.objects.documents(
        {"legacy.document": {"$exists": True}}, ["legacy"], order=(), start=0, stop=1000
    ):
        try:
            yield as_read(stored["legacy"])
        except NotReadable:
            continue


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _said(error: ValidationError) -> str:
    if hasattr(error, "message_dict"):
        return "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
    return " ".join(error.messages)
