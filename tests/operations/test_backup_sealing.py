"""Sealed backups: written with public keys, read with a secret one, and not with another."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pyrage
import pytest
from pyrage.x25519 import Identity
from pytest_django import Settings

from tenants.models import Backup, Organization
from tenants.operations.backups import sealing
from tenants.operations.backups.backing_up import BACKUP, request_backup
from tenants.operations.backups.reading import documents, read_manifest
from tenants.operations.backups.sealing import SealingFailed, unsealed
from tenants.operations.backups.stores import store_named
from tenants.operations.engine import run_operation

CONTENT = os.urandom(700_000)


@pytest.fixture(scope="module")
def key() -> Any:
    return Identity.generate()


@pytest.fixture
def keys_file(tmp_path: Path, key: Any) -> Path:
    path = tmp_path / "keys.txt"
    path.write_text(f"# created for a test\n\n{key}\n")
    return path


def sealed(content: bytes, key: Any) -> bytes:
    sink = io.BytesIO()
    with sealing.sealing(sink, [key.to_public()]) as plain:
        for start in range(0, len(content), 100_000):
            plain.write(content[start : start + 100_000])
    return sink.getvalue()


def read(content: bytes, key: Any) -> bytes:
    with unsealed(io.BytesIO(content), [key]) as plain:
        return plain.read()


def test_what_was_sealed_is_read_with_the_key(key: Any) -> None:
    assert read(sealed(CONTENT, key), key) == CONTENT


def test_it_is_age_s_own_format(key: Any) -> None:
    assert pyrage.decrypt(sealed(CONTENT, key), [key]) == CONTENT


def test_another_key_reads_nothing(key: Any) -> None:
    with pytest.raises(SealingFailed, match="No matching keys"):
        read(sealed(CONTENT, key), Identity.generate())


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b[:300_000], lambda b: b[:-9] + b"x" + b[-8:]]
)
def test_a_damaged_file_is_never_read_to_its_end(key: Any, damage: Any) -> None:
    with pytest.raises(SealingFailed):
        read(damage(sealed(CONTENT, key)), key)


def test_reading_may_end_early(key: Any) -> None:
    with unsealed(io.BytesIO(sealed(CONTENT, key)), [key]) as plain:
        assert plain.read(10) == CONTENT[:10]


def test_a_failure_of_whoever_takes_it_is_told(key: Any) -> None:
    class Full(io.BytesIO):
        def write(self, _data: Any) -> int:
            raise OSError(28, "No space left on device")

    def write_much() -> None:
        with sealing.sealing(Full(), [key.to_public()]) as plain:
            for _ in range(50):
                plain.write(CONTENT)

    with pytest.raises(SealingFailed, match="No space left"):
        write_much()


def test_the_file_of_keys_may_have_comments(keys_file: Path, key: Any) -> None:
    assert [str(one) for one in sealing.identities(keys_file)] == [str(key)]


@pytest.mark.parametrize(
    ("text", "why"), [("", "no key in it"), ("AGE-SECRET-KEY-1NONE", "a line that is no secret key")]
)
def test_a_file_without_a_key_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "keys").write_text(text)
    with pytest.raises(SealingFailed, match=why):
        sealing.identities(tmp_path / "keys")


def test_reading_without_keys_says_which_setting_is_missing(settings: Settings) -> None:
    settings.BACKUP_IDENTITIES_FILE = ""
    with pytest.raises(SealingFailed, match="BACKUP_IDENTITIES_FILE has to name"):
        sealing.identities()


def test_a_recipient_that_is_no_key_is_refused(settings: Settings) -> None:
    settings.BACKUP_RECIPIENTS = ["age1nobody"]
    with pytest.raises(SealingFailed, match="no public key"):
        sealing.recipients()


@pytest.fixture
def sealed_backup(firm: Organization, tmp_path: Path, settings: Settings, key: Any) -> Backup:
    settings.BACKUP_STORES = {"local": f"file://{tmp_path}/backups"}
    settings.BACKUP_STORE = "local"
    settings.BACKUP_RECIPIENTS = [str(key.to_public())]
    operation = run_operation(request_backup(firm, by=None), BACKUP)
    return Backup.objects.get(name=operation.state["backup"]["name"])


def test_all_of_a_sealed_backup_but_its_manifest_is_sealed(sealed_backup: Backup, tmp_path: Path) -> None:
    folder = tmp_path / "backups" / sealed_backup.org_id / sealed_backup.name
    plain = [
        one.name for one in folder.iterdir() if not one.read_bytes().startswith(b"age-encryption.org/v1")
    ]
    assert (sealed_backup.encrypted, plain) == (True, ["manifest.json"])
    assert (folder / "counters.bson.zst.age").exists()


def test_a_sealed_backup_is_read_with_the_key(sealed_backup: Backup, key: Any) -> None:
    store = store_named("local")
    manifest = read_manifest(store, sealed_backup.org_id, sealed_backup.name)
    found = list(documents(store, manifest, "counters", identities=[key]))
    assert (manifest.encryption, len(found)) == ("age", manifest.collections["counters"].documents)
