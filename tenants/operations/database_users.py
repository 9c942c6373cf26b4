"""Database users with no more rights than the application needs, so that the server itself refuses the rest.

A cluster gets one restricted user for the application: it works in every organization's database and can drop
no collection and no database, see no user, stop no server. An organization may get a user of its own besides,
who can do the same in that organization's database and nothing anywhere else. The shared resources may get
one who reads them and can do nothing else at all.

What makes users is an administrator's address, which is named by its environment variable and neither kept
nor shown. Server and control plane are two systems: the steps are ordered, and each can be repeated.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from pymongo import MongoClient
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure

from tenants.audit import record_audit
from tenants.errors import TenancyError, UnknownCluster
from tenants.models import Cluster, Organization, User
from tenants.models.sessions import Session
from tenants.mongodb.credentials import (
    MECHANISM,
    USERS_DATABASE,
    BadAddress,
    password,
    user_name,
    user_of,
    with_credentials,
    with_user,
    without_user,
)
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS, SHARED_ALIAS

Client = MongoClient[dict[str, Any]]

# The application's user on a cluster, its role there, and the role of an organization's own user, which is
# a role of that organization's database: the server lets such a role reach into no other.
APPLICATION = "valuation_application"
PASSWORD_SETTING = "VALUATION_APPLICATION_PASSWORD"  # noqa: S105 - the name of a variable
# Who reads the shared resources: the user's name and its role's, the setting with its address.
SHARED_READER = "valuation_shared_reader"
SHARED_READER_SETTING = "SHARED_READER_URI"
SHARED_PASSWORD_SETTING = "VALUATION_SHARED_READER_PASSWORD"  # noqa: S105 - the name of a variable
SHORTEST_PASSWORD = 16
# Stands for the password in an address that is shown.
PLACEHOLDER = "PASSWORD"
# Reading and writing documents; making collections and indexes, and removing an index, for migrations. Not
# among them: dropping or renaming a collection, dropping a database. A migration that needs more than this is
# run with the administrator's address.
ACTIONS = (
    "find",
    "insert",
    "update",
    "remove",
    "createCollection",
    "createIndex",
    "dropIndex",
    "listCollections",
    "listIndexes",
)
READING = ("find", "listCollections", "listIndexes")
# What the room for one more organization is measured by.
CLUSTER_ACTIONS = ("serverStatus",)
# A migration has the server remove the control plane's expired sessions, which changes an index.
SESSION_ACTIONS = ("collMod",)
# Requests that began before the user is withdrawn may still be using it: as long as gunicorn lets one take.
GRACE_SECONDS = 60.0

_UNAUTHORIZED = 13
_AUTHENTICATION_FAILED = 18
_USER_NOT_FOUND = 11
_ROLE_NOT_FOUND = 31
_MAJORITY = {"w": "majority", "wtimeout": 10_000}


class AdministratorRefused(TenancyError):
    """The administrator's address is missing, does not answer, or may not do what it is needed for."""


class NotThisCluster(TenancyError):
    """The administrator's address leads to another replica set than the cluster's."""


class PasswordProblem(TenancyError):
    """The application's password is too short, or exists and is not known here."""


class UserRefused(TenancyError):
    """The user was made and cannot sign in at the cluster's address, so nothing depends on it yet."""


class PlacementChanged(TenancyError):
    """The organization was moved or changed by somebody else in the meantime."""


@dataclass(frozen=True, slots=True)
class Restricted:
    """The outcome for a cluster, or for the shared resources: their ``name``.

    ``address`` has PLACEHOLDER in place of the password, which is in ``new_password`` when it was made just
    now, and nowhere otherwise.
    """

    name: str
    address: str
    new_password: str | None


# A cluster's user ------------------------------------------------------------------------------------


def restrict_cluster(
    cluster: Cluster, *, administrator: str, by: User | None, new_password: bool = False
) -> Restricted:
    """Make the application's role and user on the cluster, or bring both back to what they should be.

    ``administrator`` names the setting with an administrator's address. The password is the environment's
    (VALUATION_APPLICATION_PASSWORD), else the one in the cluster's address if that names the user already,
    else a new one. Raises AdministratorRefused, NotThisCluster, PasswordProblem, UnknownCluster, BadAddress.
    """
    address = _address_of_cluster(cluster.address_setting)
    with _administrator(administrator, cluster.address_setting) as client, _asking(administrator):
        secret, made = _password_of(client, APPLICATION, PASSWORD_SETTING, address, make=new_password)
        _ensure_role(client, USERS_DATABASE, _privileges_on_cluster())
        _ensure_user(client, APPLICATION, secret, USERS_DATABASE)
    record_audit(
        "cluster.restricted",
        by=by,
        target=cluster.name,
        details={"user": APPLICATION, "password": "new" if made else "as before"},
    )
    return Restricted(cluster.name, with_user(address, APPLICATION, PLACEHOLDER), secret if made else None)


def _privileges_on_cluster() -> list[dict[str, Any]]:
    """What it may do, and where. An empty name means any but ``local``, ``config`` and system collections."""
    sessions = {"db": settings.DATABASES[CONTROL_ALIAS]["NAME"], "collection": Session._meta.db_table}
    return [
        {"resource": {"db": "", "collection": ""}, "actions": list(ACTIONS)},
        {"resource": sessions, "actions": list(SESSION_ACTIONS)},
        {"resource": {"cluster": True}, "actions": list(CLUSTER_ACTIONS)},
    ]


def _password_of(client: Client, name: str, setting: str, address: str, *, make: bool) -> tuple[str, bool]:
    """The password of a user, and whether it was made here, so that somebody has to be told.

    ``setting`` is the variable that may hold it, ``address`` one that may name the user already.
    """
    given = os.environ.get(setting, "")
    if given:
        if len(given) < SHORTEST_PASSWORD:
            raise PasswordProblem(f"{setting} has fewer than {SHORTEST_PASSWORD} characters.")
        return given, False
    if not make:
        in_use = user_of(address) if address else None
        if in_use is not None and in_use[0] == name:
            return in_use[1], False
        # A new password would lock out whoever works with the present one.
        if client[USERS_DATABASE].command("usersInfo", name)["users"]:
            raise PasswordProblem(
                f"The user {name} exists, and its password is not known here. Set {setting} to it, or ask "
                "for a new one, which shuts out every process that has the old one."
            )
    return secrets.token_urlsafe(32), True


# The reader of the shared resources -------------------------------------------------------------------


def restrict_shared(*, administrator: str, by: User | None, new_password: bool = False) -> Restricted:
    """Make the role and user that read the shared resources, or bring both back to what they should be.

    The role is one of that database, so the server lets it reach into no other. The password is the
    environment's (VALUATION_SHARED_READER_PASSWORD), else the one in SHARED_READER_URI if that names the user
    already, else a new one. Steps: role and user on the server → audit. Raises as ``restrict_cluster`` does.
    """
    shared = settings.DATABASES[SHARED_ALIAS]
    address, name = _address_of_cluster(shared["ADDRESS_SETTING"]), shared["NAME"]
    in_use = settings.READER_ADDRESSES.get(SHARED_READER_SETTING, "")
    with _administrator(administrator, shared["ADDRESS_SETTING"]) as client, _asking(administrator):
        secret, made = _password_of(client, SHARED_READER, SHARED_PASSWORD_SETTING, in_use, make=new_password)
        privileges = [{"resource": {"db": name, "collection": ""}, "actions": list(READING)}]
        _ensure_role(client, name, privileges, SHARED_READER)
        _ensure_user(client, SHARED_READER, secret, name, SHARED_READER)
    record_audit(
        "shared_resources.restricted",
        by=by,
        target=name,
        details={"user": SHARED_READER, "password": "new" if made else "as before"},
    )
    return Restricted(name, with_user(address, SHARED_READER, PLACEHOLDER), secret if made else None)


# An organization's own user --------------------------------------------------------------------------


def give_own_user(organization: Organization, *, administrator: str, by: User | None) -> None:
    """Give the organization a database user of its own, or repair that user's role and password.

    Steps: role and user on the server → it is tried out → the organization's placement names it → audit.
    Raises UsersKeyMissing, AdministratorRefused, NotThisCluster, UserRefused, PlacementChanged,
    UnknownCluster, BadAddress.
    """
    org_id = organization.org_id
    secret = password(org_id)
    with _administrator(administrator, organization.address_setting) as client, _asking(administrator):
        privileges = [{"resource": {"db": org_id, "collection": ""}, "actions": list(ACTIONS)}]
        _ensure_role(client, org_id, privileges)
        _ensure_user(client, user_name(org_id), secret, org_id)
    _try_out(organization)
    with atomic(CONTROL_ALIAS):
        repaired = organization.own_database_user
        if not repaired:
            _set_own_user(organization, to=True)
        _audit("repaired" if repaired else "given", organization, by)


def withdraw_own_user(
    organization: Organization,
    *,
    administrator: str,
    by: User | None,
    grace_seconds: float = GRACE_SECONDS,
    wait: Callable[[float], None] = time.sleep,
) -> bool:
    """Let the organization work with its cluster's user again; False when there was nothing to do.

    Steps: the placement no longer names the user → requests in flight end → the user and its role go → audit.
    Raises AdministratorRefused and NotThisCluster (before anything is changed), PlacementChanged.
    """
    with _administrator(administrator, organization.address_setting) as client:
        withdrawn = organization.own_database_user
        if withdrawn:
            with atomic(CONTROL_ALIAS):
                _set_own_user(organization, to=False)
                _audit("withdrawn", organization, by)
            wait(grace_seconds)
        with _asking(administrator):
            dropped = _drop(client, organization.org_id)
    if dropped:
        _audit("removed", organization, by)
    return withdrawn or dropped


def _set_own_user(organization: Organization, *, to: bool) -> None:
    """One conditional update; the new placement version makes every process take another client."""
    version = organization.placement_version
    changed = Organization.objects.filter(
        pk=organization.pk,
        placement_version=version,
        address_setting=organization.address_setting,
        own_database_user=not to,
    ).update(own_database_user=to, placement_version=version + 1, updated_at=timezone.now())
    if not changed:
        raise PlacementChanged(f"“{organization.name}” was changed in the meantime. Run it again.")
    organization.own_database_user, organization.placement_version = to, version + 1


def _try_out(organization: Organization) -> None:
    """Sign in as the user before anybody depends on it."""
    setting, org_id = organization.address_setting, organization.org_id
    with _client(with_credentials(_address_of_cluster(setting), org_id), setting) as client:
        try:
            client[org_id].command("listCollections", nameOnly=True)
        except (OperationFailure, ConnectionFailure) as error:
            raise UserRefused(
                f"The user {user_name(org_id)} was made, and cannot sign in at {setting} "
                f"({type(error).__name__}). The organization goes on with its cluster's user."
            ) from error


def _audit(what: str, organization: Organization, by: User | None) -> None:
    record_audit(
        f"organization.own_user_{what}",
        by=by,
        organization=organization,
        target=organization.org_id,
        details={"user": user_name(organization.org_id)},
    )


# Roles and users on the server -----------------------------------------------------------------------


def _ensure_role(
    client: Client, database: str, privileges: list[dict[str, Any]], role: str = APPLICATION
) -> None:
    exists = bool(client[database].command("rolesInfo", role)["roles"])
    client[database].command(
        "updateRole" if exists else "createRole",
        role,
        privileges=privileges,
        roles=[],
        writeConcern=_MAJORITY,
    )


def _ensure_user(client: Client, name: str, secret: str, role_database: str, role: str = APPLICATION) -> None:
    """The user with this password and exactly the one role, whatever it had before."""
    users = client[USERS_DATABASE]
    exists = bool(users.command("usersInfo", name)["users"])
    users.command(
        "updateUser" if exists else "createUser",
        name,
        pwd=secret,
        roles=[{"role": role, "db": role_database}],
        mechanisms=[MECHANISM],
        writeConcern=_MAJORITY,
    )


def _drop(client: Client, org_id: str) -> bool:
    """Remove an organization's user and role, as far as they are there; whether the user was."""
    dropped = True
    try:
        client[USERS_DATABASE].command("dropUser", user_name(org_id), writeConcern=_MAJORITY)
    except OperationFailure as error:
        if error.code != _USER_NOT_FOUND:
            raise
        dropped = False
    try:
        client[org_id].command("dropRole", APPLICATION, writeConcern=_MAJORITY)
    except OperationFailure as error:
        if error.code != _ROLE_NOT_FOUND:
            raise
    return dropped


# The administrator -----------------------------------------------------------------------------------


def _address_of_cluster(address_setting: str) -> str:
    address: str = settings.MONGODB_ADDRESSES.get(address_setting, "")
    if not address:
        raise UnknownCluster(address_setting)
    return address


def _address_of_administrator(setting: str) -> str:
    # Whoever passes the address itself must not find it repeated in a message.
    if not setting.isidentifier():
        raise AdministratorRefused(
            "Name the environment variable that holds the administrator's address, e.g. MONGODB_ADMIN_URI."
        )
    address: str = os.environ.get(setting) or settings.MONGODB_ADDRESSES.get(setting, "")
    if not address:
        raise AdministratorRefused(f"The environment variable {setting} is not set.")
    return address


def _client(address: str, setting: str) -> Client:
    """A client for this operation alone, which no listener and no registry knows. Raises BadAddress."""
    try:
        # What is no address is taken for the name of a host.
        without_user(address)
        return MongoClient(address, **{**settings.MONGODB_CLIENT_OPTIONS, "maxPoolSize": 2})
    except (BadAddress, ConfigurationError, ValueError):
        # What the driver says may repeat a part of the address.
        raise BadAddress(f"What {setting} holds") from None


@contextmanager
def _administrator(setting: str, address_setting: str) -> Iterator[Client]:
    """A client of the administrator's, which is sure to lead to the cluster of that address setting."""
    address = _address_of_administrator(setting)
    with (
        _client(address, setting) as client,
        _client(without_user(_address_of_cluster(address_setting)), address_setting) as cluster,
    ):
        with _asking(setting):
            theirs = _identity(client)
        with _asking(address_setting):
            ours = _identity(cluster)
        if theirs != ours:
            raise NotThisCluster(
                f"{setting} leads to another server than {address_setting}: name an administrator of the "
                "same replica set."
            )
        yield client


def _identity(client: Client) -> tuple[Any, ...]:
    """What tells a replica set from another of the same name: its members, and its primary's process."""
    hello = client.admin.command("hello")
    process = hello.get("topologyVersion", {}).get("processId")
    return hello.get("setName"), frozenset(hello.get("hosts", ())), hello.get("primary"), process


@contextmanager
def _asking(setting: str) -> Iterator[None]:
    """Put what goes wrong with the requests to an address into words without that address."""
    try:
        yield
    except ConnectionFailure as error:
        raise AdministratorRefused(f"The server of {setting} does not answer.") from error
    except OperationFailure as error:
        if error.code == _AUTHENTICATION_FAILED:
            raise AdministratorRefused(f"The server does not let the user in {setting} in.") from error
        if error.code == _UNAUTHORIZED:
            raise AdministratorRefused(f"The user in {setting} may not manage users and roles.") from error
        reason = (error.details or {}).get("codeName", error.code)
        raise AdministratorRefused(f"The server of {setting} refused ({reason}). Run it again.") from error
