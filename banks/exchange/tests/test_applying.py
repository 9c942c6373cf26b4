"""What was compared is stored whole, under its condition, with its audit entry; or nothing is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from banks.branches import change_branch
from banks.exchange import applying
from banks.exchange.applying import (
    ChangedMeanwhile,
    Compared,
    ImportRefused,
    Source,
    compare_banks,
    compare_branches,
    export_banks,
    export_branches,
    import_banks,
    import_branches,
)
from banks.exchange.tables import read_table, write_csv
from banks.models import Bank, Branch
from banks.queries import visible_banks
from tenants.context import organization_active, shared_resources_writable
from tenants.models import AuditEntry, Organization, User
from tenants.models.sessions import Revision
from tenants.mongodb.monitoring import Command

Commands = Callable[[], AbstractContextManager[list[Command]]]
SOURCE = Source("branches.csv", "0" * 64)
NEW = "code,name,ifsc,city,state\nMAIN,Main Road,DEMO0000009,Pune,Maharashtra\n"


@pytest.fixture
def bank(database: None) -> Bank:
    """A bank with two branches, one of which keeps what was imported from elsewhere."""
    branches = [
        Branch(code="FORT", name="Fort", ifsc="DEMO0000002", city="Mumbai", state="Maharashtra"),
        Branch(
            code="CAMP",
            name="Camp",
            ifsc="DEMO0000003",
            city="Pune",
            state="Maharashtra",
            legacy={"id": "old"},
        ),
    ]
    with shared_resources_writable():
        return Bank.objects.create(code="DEMO", name="Demo Bank", bank_type="public", branches=branches)


def branches_of(bank: Bank) -> dict[str, Branch]:
    return {branch.code: branch for branch in Bank.objects.get(pk=bank.pk).branches}


def compared(bank: Bank, text: str) -> Compared:
    return compare_branches(bank, read_table(text.encode()))


def store(
    bank: Bank, what: Compared, by: User | None = None, *, deactivate_missing: bool = False
) -> dict[str, int]:
    return import_branches(bank, what, deactivate_missing=deactivate_missing, source=SOURCE, by=by)


def test_new_and_changed_branches_are_stored_and_the_rest_stays(bank: Bank) -> None:
    counts = store(bank, compared(bank, f"{NEW}CAMP,Old Camp,DEMO0000003,Pune,Maharashtra\n"))
    after = branches_of(bank)
    assert counts == {"new": 1, "changed": 1, "unchanged": 0, "deactivated": 0}
    assert list(after) == ["FORT", "CAMP", "MAIN"]
    assert (after["CAMP"].name, after["CAMP"].legacy, after["FORT"].name) == (
        "Old Camp",
        {"id": "old"},
        "Fort",
    )


def test_comparing_stores_nothing(bank: Bank, commands: Commands) -> None:
    with commands() as sent:
        compared(bank, NEW)
    assert [one.name for one in sent] == ["find"]


def test_many_branches_are_one_write(bank: Bank, commands: Commands) -> None:
    rows = "".join(f"B{n},Branch {n},DEMO0{n + 500:06},Pune,MH\n" for n in range(100))
    what = compared(bank, "code,name,ifsc,city,state\n" + rows)
    with commands() as sent:
        store(bank, what)
    assert [one.name for one in sent if one.database == "shared_resources"] == ["find", "update"]


def test_branches_that_the_file_does_not_name_stay_unless_asked_for(bank: Bank) -> None:
    store(bank, compared(bank, NEW))
    assert branches_of(bank)["FORT"].is_active
    store(bank, compared(bank, NEW), deactivate_missing=True)
    assert [code for code, branch in branches_of(bank).items() if branch.is_active] == ["MAIN"]


def test_a_faulty_row_stores_nothing_of_the_whole_file(bank: Bank) -> None:
    with pytest.raises(ImportRefused, match="1 row is faulty; nothing was imported"):
        store(bank, compared(bank, f"{NEW}BAD,Bad,X,Pune,MH\n"))
    assert list(branches_of(bank)) == ["FORT", "CAMP"]


def test_a_bank_that_was_changed_since_is_noticed(bank: Bank, staff: User) -> None:
    what = compared(bank, NEW)
    change_branch(
        bank, "FORT", Branch(code="FORT", name="New", ifsc="DEMO0000002", city="A", state="B"), by=staff
    )
    with pytest.raises(ChangedMeanwhile, match="Demo Bank was changed since"):
        store(bank, what)
    assert list(branches_of(bank)) == ["FORT", "CAMP"]


def test_a_change_between_looking_and_writing_is_noticed(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    what = compared(bank, NEW)
    stored_branches = applying._stored_branches

    def race(*args: Any) -> Any:
        with shared_resources_writable():
            Bank.objects.get(pk=bank.pk).save()
        return stored_branches(*args)

    monkeypatch.setattr(applying, "_stored_branches", race)
    with pytest.raises(ChangedMeanwhile):
        store(bank, what)
    assert list(branches_of(bank)) == ["FORT", "CAMP"]


def test_a_bank_that_would_not_fit_is_refused_with_its_size(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "LARGEST_BANK", 100)
    with pytest.raises(ImportRefused, match="Demo Bank would take"):
        store(bank, compared(bank, NEW))
    assert list(branches_of(bank)) == ["FORT", "CAMP"]


def test_a_file_that_says_what_is_there_writes_nothing(bank: Bank) -> None:
    headings, rows = export_branches(bank)
    counts = store(bank, compare_branches(bank, read_table(write_csv(headings, rows))))
    assert counts == {"new": 0, "changed": 0, "unchanged": 2, "deactivated": 0}
    assert not AuditEntry.objects.exists()


def test_the_audit_tells_counts_file_and_changes(bank: Bank, staff: User) -> None:
    store(bank, compared(bank, f"{NEW}CAMP,Old Camp,DEMO0000003,Pune,Maharashtra\n"), staff)
    entry = AuditEntry.objects.get(action="branches.imported")
    assert (entry.actor, entry.target) == (staff.email, "DEMO")
    assert entry.details == {
        "file": "branches.csv",
        "sha256": SOURCE.digest,
        "counts": {"new": 1, "changed": 1, "unchanged": 0, "deactivated": 0},
        "added": ["MAIN"],
        "deactivated": [],
        "changes": {"CAMP.name": {"from": "Camp", "to": "Old Camp"}},
    }


def test_every_process_reads_the_branches_anew(bank: Bank) -> None:
    before = Revision.objects.get(pk="shared").number
    store(bank, compared(bank, NEW))
    assert Revision.objects.get(pk="shared").number > before


# A bank that is older than some of the fields ------------------------------------------------------------

OLD = {
    "code": "OLD",
    "name": "Old",
    "ifsc": "DEMO0000004",
    "city": "Pune",
    "state": "Maharashtra",
    "is_active": True,
}


@pytest.fixture
def old_bank(bank: Bank) -> Bank:
    """As stored before branches had an area, a landmark and a manager."""
    with shared_resources_writable():
        collection: Any = connections["shared"].get_collection("banks")  # type: ignore[attr-defined]
        collection.update_one({"_id": bank.pk}, {"$set": {"branches": [OLD]}, "$unset": {"legacy": 1}})
    return bank


def test_an_older_branch_is_read_and_exported(old_bank: Bank) -> None:
    [branch] = Bank.objects.get(pk=old_bank.pk).branches
    assert (branch.area, branch.manager_phone, branch.legacy) == ("", "", None)
    headings, [row] = export_branches(old_bank)
    assert dict(zip(headings, row, strict=True))["manager_name"] == ""


def test_an_older_branch_is_merged(old_bank: Bank, firm: Organization) -> None:
    with organization_active(firm.placement):
        [seen] = visible_banks(branches_of="DEMO")
    assert [branch.name for branch in seen.branches] == ["Old"]


def test_an_older_branch_is_changed_by_a_file(old_bank: Bank) -> None:
    store(old_bank, compared(old_bank, "code,area\nOLD,Camp\n"))
    assert branches_of(old_bank)["OLD"].area == "Camp"


def test_an_older_branch_that_is_sent_back_is_unchanged(old_bank: Bank) -> None:
    headings, rows = export_branches(old_bank)
    what = compare_branches(old_bank, read_table(write_csv(headings, rows)))
    assert what.comparison.counts["unchanged"] == 1


# Banks themselves ----------------------------------------------------------------------------------------

TWO_BANKS = b"code,name,bank_type,state\nDEMO,Demonstration Bank,public,Goa\nNEXT,Next Bank,nbfc,Goa\n"


def store_banks(what: Compared, *, deactivate_missing: bool = False) -> dict[str, int]:
    return import_banks(what, deactivate_missing=deactivate_missing, source=SOURCE, by=None)


def test_banks_are_added_and_changed_and_keep_their_branches(bank: Bank) -> None:
    store_banks(compare_banks(read_table(TWO_BANKS)))
    changed = Bank.objects.get(code="DEMO")
    assert (changed.name, changed.state, len(changed.branches)) == ("Demonstration Bank", "Goa", 2)
    assert Bank.objects.get(code="NEXT").bank_type == "nbfc"
    assert AuditEntry.objects.get(action="banks.imported").details["counts"]["new"] == 1


def test_a_failure_midway_leaves_every_bank_as_it_was(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    what = compare_banks(read_table(TWO_BANKS))

    def fail(*args: Any, **kwargs: Any) -> None:
        raise ImportRefused("in the middle")

    # The new bank is stored by then, the changed one not yet.
    monkeypatch.setattr(Bank.objects, "filter", fail)
    with pytest.raises(ImportRefused, match="in the middle"):
        store_banks(what)
    monkeypatch.undo()
    assert [one.name for one in Bank.objects.filter(code__in=["DEMO", "NEXT"])] == ["Demo Bank"]


def test_a_list_of_banks_that_was_changed_since_is_noticed(bank: Bank) -> None:
    what = compare_banks(read_table(TWO_BANKS))
    with shared_resources_writable():
        Bank.objects.get(code="DEMO").save()
    with pytest.raises(ChangedMeanwhile):
        store_banks(what)
    assert not Bank.objects.filter(code="NEXT").exists()


def test_an_export_of_banks_can_be_imported(bank: Bank) -> None:
    headings, rows = export_banks()
    what = compare_banks(read_table(write_csv(headings, rows)))
    assert {row.outcome.value for row in what.comparison.rows} == {"unchanged"}


# The command ---------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "branches.csv"
    path.write_text(NEW)
    return path


def run(*args: str, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_branches", *args, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_the_command_stores(bank: Bank, file: Path) -> None:
    out, _ = run("DEMO", str(file))
    assert "Stored: 1 new, 0 changed" in out
    assert "MAIN" in branches_of(bank)


def test_a_dry_run_of_the_command_stores_nothing(bank: Bank, file: Path) -> None:
    out, _ = run("DEMO", str(file), dry_run=True)
    assert "1 rows: 1 new" in out
    assert "MAIN" not in branches_of(bank)


def test_the_command_names_faulty_rows(bank: Bank, file: Path) -> None:
    file.write_text(f"{NEW}BAD,Bad,X,Pune,MH\n")
    err = StringIO()
    with pytest.raises(CommandError, match="nothing was imported"):
        call_command("import_branches", "DEMO", str(file), stdout=StringIO(), stderr=err)
    assert "Row 3 (BAD), IFSC “X”: An IFSC has four letters" in err.getvalue()


@pytest.mark.parametrize(
    ("arguments", "said"), [(("NONE", ""), "no bank “NONE”"), (("DEMO", "/no"), "cannot be read")]
)
def test_the_command_says_what_it_cannot_find(
    bank: Bank, file: Path, arguments: tuple[str, str], said: str
) -> None:
    code, path = arguments
    with pytest.raises(CommandError, match=said):
        run(code, path or str(file))
