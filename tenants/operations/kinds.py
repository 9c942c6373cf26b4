"""Every kind of operation by its name, for whoever has only an operation's record: the worker, the admin."""

from __future__ import annotations

from importlib import import_module

from tenants.operations.engine import Kind

# Where each is defined; looked up late, for those modules use the engine themselves.
_WHERE = {
    "provision": "tenants.operations.provision:PROVISION",
    "migrate": "tenants.operations.fleet_migration:MIGRATE",
    "mend": "tenants.operations.checking:MEND",
    "backup": "tenants.operations.backups.backing_up:BACKUP",
    "restore": "tenants.operations.backups.restoring:RESTORE",
    "confirm_restore": "tenants.operations.backups.settling:CONFIRM",
    "revert_restore": "tenants.operations.backups.settling:REVERT",
    "clone": "tenants.operations.cloning:CLONE",
    "move": "tenants.operations.moving:MOVE",
    "export": "tenants.operations.exporting:EXPORT",
    "offboard": "tenants.operations.offboarding:OFFBOARD",
    "delete": "tenants.operations.deleting:DELETE",
}


def kind_named(name: str) -> Kind:
    """Raises KeyError for a name that is none."""
    module, _, attribute = _WHERE[name].partition(":")
    kind: Kind = getattr(import_module(module), attribute)
    return kind


def kind_names() -> list[str]:
    return list(_WHERE)
