"""After a restore: confirm it, and what was replaced goes; or revert it, and what was restored goes.

Both are operations with steps of their own, so that they too can be resumed anywhere.
"""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from pymongo.database import Database

from tenants.models import Operation, OperationStatus, Organization, User
from tenants.mongodb.clients import clients
from tenants.operations.backups.replacing import (
    COUNTERS,
    aside_name,
    close_firm,
    incoming_name,
    keep_numbers,
    record_switch,
    rename_all,
    reopen_firm,
    same_server,
    switch_back,
)
from tenants.operations.data import collections_of
from tenants.operations.engine import (
    Kind,
    OperationRefused,
    Run,
    Step,
    nothing_to_undo,
    run_operation,
    start_or_resume,
)
from tenants.operations.filling import drop_collections
from tenants.operations.schema import migrate_organization

RESTORE_NAME = "restore"
CONFIRM_NAME, REVERT_NAME = "confirm_restore", "revert_restore"


def unsettled_restore(org_id: str) -> Operation | None:
    """The organization's last restore if what it replaced is still kept aside. Two queries at most."""
    done = Operation.objects.filter(org_id=org_id, status=OperationStatus.DONE.value)
    last = done.filter(kind=RESTORE_NAME).order_by("-created_at").first()
    if last is None or not last.state.get("aside"):
        return None
    settled = done.filter(kind__in=[CONFIRM_NAME, REVERT_NAME]).order_by("-created_at").first()
    if settled is not None and settled.options.get("restore") == str(last.pk):
        return None
    return last


def confirm_restore(organization: Organization, *, by: User | None) -> Operation:
    """Drop what the organization's last restore replaced. It cannot be reverted any more.

    Resumes an earlier call that was cut short. Raises OperationRefused when nothing is kept aside,
    OperationUnderWay, OperationStopped.
    """
    return _settle(CONFIRM, organization, by=by)


def revert_restore(organization: Organization, *, by: User | None) -> Operation:
    """Put back what the organization's last restore replaced. What was written since is lost.

    Resumes an earlier call that was cut short. Raises as ``confirm_restore`` does.
    """
    return _settle(REVERT, organization, by=by)


def _settle(kind: Kind, organization: Organization, *, by: User | None) -> Operation:
    return run_operation(request_settling(kind, organization, by=by), kind)


def request_settling(kind: Kind, organization: Organization, *, by: User | None) -> Operation:
    """Record the operation or find the one that is unfinished; runs nothing."""
    restore = unsettled_restore(organization.org_id)
    if restore is None:
        raise OperationRefused(f"Nothing of a restore of “{organization.org_id}” is kept aside.")
    return start_or_resume(kind, org_id=organization.org_id, by=by, options={"restore": str(restore.pk)})


def _restore(run: Run) -> Operation:
    return Operation.objects.get(pk=ObjectId(run.options["restore"]))


def _database_of(restore: Operation, address_setting: str) -> Database[Any]:
    return clients.for_operations(address_setting)[restore.org_id]


def _check(run: Run) -> None:
    """See that what is to be dropped or put back is there, and where the firm's data is expected to be."""
    restore, organization = _restore(run), run.organization()
    aside = restore.state["aside"]
    if organization.address_setting != restore.options["address_setting"]:
        raise OperationRefused(
            f"“{organization.org_id}” has moved since it was restored: what was kept aside stayed behind."
        )
    if aside["elsewhere"] and same_server(aside["address_setting"], organization.address_setting):
        raise OperationRefused(
            f"{aside['address_setting']} leads to the server that “{organization.org_id}” is on now; nothing "
            "is dropped or put back."
        )


def _check_what_is_aside(run: Run) -> None:
    _check(run)
    restore = _restore(run)
    aside = restore.state["aside"]
    there = _database_of(restore, aside["address_setting"]).list_collection_names()
    missing = set(aside["collections"]) - set(there)
    if missing:
        raise OperationRefused(
            f"It cannot be reverted: of what was replaced {len(missing)} collections are missing "
            f"({', '.join(sorted(missing)[:3])})."
        )


def _drop_aside(run: Run) -> None:
    restore = _restore(run)
    aside = restore.state["aside"]
    if aside["elsewhere"]:
        # Checked again: a step may be resumed long after the one before it.
        _check(run)
        clients.for_operations(aside["address_setting"]).drop_database(restore.org_id)
        run.say(f"Dropped the database on “{aside['cluster']}” that the restore replaced.")
        return
    dropped = drop_collections(_database_of(restore, aside["address_setting"]), aside_name(restore.pk))
    run.say(f"Dropped {len(dropped)} collections that were kept aside.")


def _close(run: Run) -> None:
    close_firm(run, reason="A restore is being reverted.")


def _put_back(run: Run) -> None:
    restore = _restore(run)
    aside, plan, old = restore.state["aside"], restore.state["plan"], restore.state["before"]
    if not aside["elsewhere"]:
        database = _database_of(restore, aside["address_setting"])
        if "replaced" not in run.state:
            # More than was restored, when a migration has added something since.
            run.state["replaced"] = collections_of(database)
            run.save()
        steps = switch_back(
            database.list_collection_names(),
            operation=restore.pk,
            live=plan["live"],
            incoming=run.state["replaced"],
        )
        rename_all(database, steps, run)
    record_switch(
        run,
        cluster=old["cluster"],
        address_setting=old["address_setting"],
        migrations=old["migrations"],
        destructive_migrations=old["destructive_migrations"],
    )


def _number(run: Run) -> None:
    """Numbers that were given between the restore and now are not given again either."""
    restore = _restore(run)
    given = _database_of(restore, restore.options["address_setting"])
    elsewhere = restore.state["aside"]["elsewhere"]
    live = _database_of(restore, run.organization().address_setting)
    raised = keep_numbers(
        given[COUNTERS if elsewhere else incoming_name(restore.pk, COUNTERS)], live[COUNTERS]
    )
    if raised:
        run.say(f"Numbers go on where they were: {', '.join(sorted(raised)[:10])}.")


def _migrate(run: Run) -> None:
    for name in migrate_organization(run.organization()):
        run.say(f"Migrated: {name}.")


def _drop_restored(run: Run) -> None:
    restore = _restore(run)
    address_setting = restore.options["address_setting"]
    if restore.state["aside"]["elsewhere"]:
        organization = run.organization()
        if same_server(address_setting, organization.address_setting):
            raise OperationRefused(
                f"{address_setting} leads to where the firm's data is; nothing is dropped."
            )
        clients.for_operations(address_setting).drop_database(restore.org_id)
    else:
        drop_collections(_database_of(restore, address_setting), incoming_name(restore.pk))
    run.say("What was restored is gone.")


CONFIRM = Kind(
    CONFIRM_NAME,
    "Confirm a restore",
    (
        Step("check", "See what is kept aside", _check, nothing_to_undo),
        Step("drop", "Drop what was replaced", _drop_aside),
    ),
)

REVERT = Kind(
    REVERT_NAME,
    "Revert a restore",
    (
        Step("check", "See what is kept aside", _check_what_is_aside, nothing_to_undo),
        Step("close", "Refuse people for the switch", _close, reopen_firm),
        Step("put_back", "Put back what was replaced", _put_back),
        Step("number", "Go on with the numbers given", _number),
        Step("migrate", "Migrate what was put back", _migrate),
        Step("open", "Let people in", reopen_firm),
        Step("drop", "Drop what was restored", _drop_restored),
    ),
)
