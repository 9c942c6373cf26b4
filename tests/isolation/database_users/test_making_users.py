"""Making database users: repeatable, audited, on the right server, and without showing a secret."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tenants.models import AuditEntry, Cluster, Organization
from tenants.mongodb.credentials import UsersKeyMissing, user_name, with_credentials, with_user
from tenants.operations import database_users
from tenants.operations.database_users import (
    ACTIONS,
    APPLICATION,
    GRACE_SECONDS,
    PASSWORD_SETTING,
    PLACEHOLDER,
    AdministratorRefused,
    NotThisCluster,
    PasswordProblem,
    PlacementChanged,
    UserRefused,
    give_own_user,
    restrict_cluster,
    withdraw_own_user,
)
from tests.isolation.database_users.conftest import ADMINISTRATOR, SECRET
from tooling import mongod

Root = MongoClient[dict[str, Any]]


def user(root: Root, name: str) -> dict[str, Any] | None:
    """The user as the server knows it."""
    found: list[dict[str, Any]] = root.admin.command("usersInfo", name)["users"]
    return found[0] if found else None


def signs_in(address: str, database: str) -> bool:
    with MongoClient[dict[str, Any]](address) as client:
        try:
            client[database].command("listCollections", nameOnly=True)
        except OperationFailure:
            return False
    return True


def said(command: str, *args: str, **options: Any) -> str:
    """What the command writes."""
    with io.StringIO() as out:
        call_command(command, *args, stdout=out, **options)
        return out.getvalue()


def audited(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action))


def stored(firm: Organization) -> Organization:
    return Organization.objects.get(pk=firm.pk)


@pytest.fixture(autouse=True)
def _no_password_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_SETTING, raising=False)


# A cluster's restricted user --------------------------------------------------------------------------


def test_a_password_is_made_that_opens_the_server(cluster: Cluster, administrator: str) -> None:
    done = restrict_cluster(cluster, administrator=administrator, by=None)
    assert signs_in(done.address.replace(PLACEHOLDER, done.new_password or ""), "alpha_valuers")


def test_the_environments_password_is_taken_and_not_given_back(
    cluster: Cluster, administrator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_SETTING, SECRET)
    done = restrict_cluster(cluster, administrator=administrator, by=None)
    assert done.new_password is None
    assert signs_in(done.address.replace(PLACEHOLDER, SECRET), "alpha_valuers")


def test_a_short_password_is_refused(
    cluster: Cluster, administrator: str, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_SETTING, "too-short")
    with pytest.raises(PasswordProblem, match="16 characters"):
        restrict_cluster(cluster, administrator=administrator, by=None)
    assert user(root, APPLICATION) is None


def test_running_it_again_keeps_the_password_in_use(
    restricted: str, cluster: Cluster, administrator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD_SETTING)
    assert restrict_cluster(cluster, administrator=administrator, by=None).new_password is None
    assert signs_in(restricted, "alpha_valuers")


def test_running_it_again_repairs_the_password(
    restricted: str, cluster: Cluster, administrator: str, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD_SETTING)
    root.admin.command("updateUser", APPLICATION, pwd="somebody changed it")
    restrict_cluster(cluster, administrator=administrator, by=None)
    assert signs_in(restricted, "alpha_valuers")


def test_a_password_that_is_not_known_here_is_not_replaced_unasked(
    cluster: Cluster, administrator: str
) -> None:
    restrict_cluster(cluster, administrator=administrator, by=None)
    with pytest.raises(PasswordProblem, match="not known here"):
        restrict_cluster(cluster, administrator=administrator, by=None)


def test_a_new_password_is_made_when_asked_for(cluster: Cluster, administrator: str) -> None:
    first = restrict_cluster(cluster, administrator=administrator, by=None)
    second = restrict_cluster(cluster, administrator=administrator, by=None, new_password=True)
    assert second.new_password not in (None, first.new_password)


def test_running_it_again_takes_back_what_was_granted_besides(
    restricted: str, cluster: Cluster, administrator: str, root: Root
) -> None:
    everything: list[Any] = [{"resource": {"db": "", "collection": ""}, "actions": ["find", "dropDatabase"]}]
    root.admin.command("updateRole", APPLICATION, privileges=everything, roles=["root"])
    root.admin.command("grantRolesToUser", APPLICATION, roles=["root"])
    restrict_cluster(cluster, administrator=administrator, by=None)
    role = root.admin.command("rolesInfo", APPLICATION, showPrivileges=True)["roles"][0]
    assert (role["roles"], set(role["privileges"][0]["actions"])) == ([], set(ACTIONS))
    assert [one["role"] for one in (user(root, APPLICATION) or {})["roles"]] == [APPLICATION]


def test_restricting_is_audited_without_a_secret(restricted: str, cluster: Cluster) -> None:
    entry = audited("cluster.restricted")[0]
    assert (entry.target, entry.details) == ("primary", {"user": APPLICATION, "password": "as before"})


def test_the_command_shows_a_new_password_on_a_line_of_its_own(
    cluster: Cluster, administrator: str, root: Root
) -> None:
    *rest, password = said("restrict_cluster", "primary", administrator=administrator).splitlines()
    address = rest[2]
    assert password not in "".join(rest)
    assert signs_in(address.replace(PLACEHOLDER, password), "alpha_valuers")


def test_the_command_shows_no_password_that_was_given(
    cluster: Cluster, administrator: str, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_SETTING, SECRET)
    output = said("restrict_cluster", "primary", administrator=administrator)
    roots = mongodb_uri.partition("//")[2].partition("@")[0].partition(":")[2]
    assert (SECRET in output, roots in output) == (False, False)


def test_the_command_names_a_cluster_that_is_not_there(database: None, administrator: str) -> None:
    with pytest.raises(CommandError, match="no cluster “elsewhere”"):
        said("restrict_cluster", "elsewhere", administrator=administrator)


# The administrator ------------------------------------------------------------------------------------


def test_an_administrator_that_is_not_set_is_named(cluster: Cluster) -> None:
    with pytest.raises(CommandError, match="MONGODB_ADMIN_URI is not set"):
        said("restrict_cluster", "primary", administrator=ADMINISTRATOR)


def test_an_address_in_place_of_a_variable_is_not_repeated(cluster: Cluster, mongodb_uri: str) -> None:
    with pytest.raises(CommandError, match="Name the environment variable") as refusal:
        said("restrict_cluster", "primary", administrator=mongodb_uri)
    assert "mongodb://valuation" not in str(refusal.value)


@pytest.mark.parametrize(
    "address", ["secret-word", "mongodb://u:secret-word:x@one:port/", "mongodb://u@x:secret-word/"]
)
def test_an_address_that_is_none_is_not_repeated(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(ADMINISTRATOR, address)
    with pytest.raises(CommandError, match=ADMINISTRATOR) as refusal:
        said("restrict_cluster", "primary", administrator=ADMINISTRATOR)
    assert "secret-word" not in str(refusal.value)


def test_an_administrator_with_a_wrong_password_is_refused(
    cluster: Cluster, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADMINISTRATOR, with_user(mongodb_uri, "valuation", "wrong"))
    with pytest.raises(AdministratorRefused, match="does not let the user"):
        restrict_cluster(cluster, administrator=ADMINISTRATOR, by=None)


def test_an_administrator_without_the_right_is_refused(
    restricted: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADMINISTRATOR, restricted)
    with pytest.raises(AdministratorRefused, match="may not manage users"):
        restrict_cluster(cluster, administrator=ADMINISTRATOR, by=None)


@pytest.fixture
def other_replica_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Root]:
    """Another server, whose replica set has the same name, in the administrator's variable."""
    with mongod.running(tmp_path / "mongo") as uri, MongoClient[dict[str, Any]](uri) as client:
        monkeypatch.setenv(ADMINISTRATOR, uri)
        yield client


@pytest.mark.mongod
def test_the_administrator_of_another_replica_set_is_refused(
    cluster: Cluster, firm: Organization, key: str, other_replica_set: Root
) -> None:
    with pytest.raises(NotThisCluster):
        restrict_cluster(cluster, administrator=ADMINISTRATOR, by=None)
    with pytest.raises(NotThisCluster):
        give_own_user(firm, administrator=ADMINISTRATOR, by=None)
    assert [one["user"] for one in other_replica_set.admin.command("usersInfo", 1)["users"]] == ["valuation"]


# An organization's own user ---------------------------------------------------------------------------


def test_the_placement_names_the_user_only_in_a_newer_version(own: Organization) -> None:
    assert (own.own_database_user, own.placement_version) == (True, 2)


def test_giving_a_user_is_audited(own: Organization) -> None:
    entry = audited("organization.own_user_given")[0]
    assert (entry.org_id, entry.details) == (own.org_id, {"user": "org_alpha_valuers"})


def test_without_a_key_nothing_is_made(
    firm: Organization, administrator: str, root: Root, settings: Any
) -> None:
    settings.ORGANIZATION_USERS_KEY = ""
    with pytest.raises(UsersKeyMissing):
        give_own_user(firm, administrator=administrator, by=None)
    assert user(root, user_name(firm.org_id)) is None


class Broken(Exception):
    """The step that is made to fail."""


@pytest.mark.parametrize(
    "step", ["_ensure_role", "_ensure_user", "_try_out", "_set_own_user", "record_audit"]
)
def test_giving_a_user_goes_on_after_a_failure_at_any_step(
    firm: Organization, key: str, administrator: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(database_users, step, fail)
        with pytest.raises(Broken):
            give_own_user(firm, administrator=administrator, by=None)
    assert stored(firm).own_database_user is False
    give_own_user(stored(firm), administrator=administrator, by=None)
    assert stored(firm).own_database_user is True
    assert len(audited("organization.own_user_given")) == 1


def test_a_user_that_cannot_sign_in_is_not_depended_on(
    firm: Organization, key: str, administrator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        database_users, "with_credentials", lambda address, org_id: with_user(address, "a", "b")
    )
    with pytest.raises(UserRefused, match="cannot sign in"):
        give_own_user(firm, administrator=administrator, by=None)
    assert stored(firm).own_database_user is False


def test_running_it_again_repairs_role_and_password(
    own: Organization, administrator: str, root: Root, mongodb_uri: str
) -> None:
    root.admin.command("updateUser", user_name(own.org_id), pwd="somebody changed it", roles=[])
    give_own_user(own, administrator=administrator, by=None)
    assert signs_in(with_credentials(mongodb_uri, own.org_id), own.org_id)
    assert audited("organization.own_user_repaired")
    assert stored(own).placement_version == 2


def test_an_organization_that_was_moved_meanwhile_is_left_alone(
    firm: Organization, key: str, administrator: str
) -> None:
    Organization.objects.filter(pk=firm.pk).update(placement_version=7)
    with pytest.raises(PlacementChanged):
        give_own_user(firm, administrator=administrator, by=None)
    assert (stored(firm).own_database_user, stored(firm).placement_version) == (False, 7)


def withdraw(organization: Organization, administrator: str, **options: Any) -> bool:
    return withdraw_own_user(
        organization, administrator=administrator, by=None, **{"wait": lambda seconds: None, **options}
    )


def test_a_withdrawn_user_is_gone(own: Organization, administrator: str, root: Root) -> None:
    assert withdraw(own, administrator) is True
    assert (stored(own).own_database_user, stored(own).placement_version) == (False, 3)
    assert user(root, user_name(own.org_id)) is None
    assert root[own.org_id].command("rolesInfo", APPLICATION)["roles"] == []


def test_requests_in_flight_are_waited_for_while_the_user_still_works(
    own: Organization, administrator: str, root: Root
) -> None:
    seen: list[tuple[float, bool, bool]] = []

    def wait(seconds: float) -> None:
        seen.append((seconds, stored(own).own_database_user, user(root, user_name(own.org_id)) is not None))

    withdraw(own, administrator, wait=wait)
    assert seen == [(GRACE_SECONDS, False, True)]


def test_a_withdrawal_goes_on_after_a_failure(
    own: Organization, administrator: str, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(database_users, "_drop", fail)
        with pytest.raises(Broken):
            withdraw(own, administrator)
    assert withdraw(stored(own), administrator) is True
    assert user(root, user_name(own.org_id)) is None


def test_withdrawing_twice_does_nothing_the_second_time(own: Organization, administrator: str) -> None:
    withdraw(own, administrator)
    assert withdraw(stored(own), administrator) is False
    assert len(audited("organization.own_user_withdrawn")) == 1
    assert len(audited("organization.own_user_removed")) == 1


def test_the_command_gives_and_withdraws(
    firm: Organization, key: str, administrator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = said("own_database_user", firm.org_id, administrator=administrator)
    withdrawn = said("own_database_user", firm.org_id, administrator=administrator, remove=True, grace=0.0)
    assert ("database user of its own" in given, "its cluster's database user" in withdrawn) == (True, True)
    assert os.environ[ADMINISTRATOR] not in given + withdrawn


def test_the_command_names_an_organization_that_is_not_there(database: None, administrator: str) -> None:
    with pytest.raises(CommandError, match="no organization “gamma_valuers”"):
        said("own_database_user", "gamma_valuers", administrator=administrator)


def test_the_command_says_which_key_is_missing(firm: Organization, administrator: str, settings: Any) -> None:
    settings.ORGANIZATION_USERS_KEY = ""
    with pytest.raises(CommandError, match="ORGANIZATION_USERS_KEY"):
        said("own_database_user", firm.org_id, administrator=administrator)


def test_the_administrators_address_may_be_the_applications_as_long_as_it_is_one(
    cluster: Cluster, root: Root
) -> None:
    assert "MONGODB_URI" in django_settings.MONGODB_ADDRESSES
    assert restrict_cluster(cluster, administrator="MONGODB_URI", by=None).new_password
