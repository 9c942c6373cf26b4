"""Reading archives without a database: a whole one gives every document, a spoilt one says what is wrong."""

from __future__ import annotations

import io
import json
from pathlib import Path

import bson
import pytest
from pyrage.x25519 import Identity

from tenants.operations.backups.reading import (
    ArchiveDamaged,
    check_archive,
    documents,
    metadata_of,
    read_manifest,
    split_documents,
)
from tenants.operations.backups.sealing import SealingFailed
from tenants.operations.backups.stores import DirectoryStore
from tests.operations.archives import INDEXES, harm, write_archive

ORG, NAME = "gamma_valuers", "20261123T101500Z-0badcafe"
REPORTS = [{"_id": number, "text": "x" * (number * 997 % 5000)} for number in range(900)]
COLLECTIONS = {"reports": REPORTS, "fs.chunks": [{"_id": 1, "data": b"\0\1" * 900_000}], "counters": []}


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path)


@pytest.fixture
def sha256(store: DirectoryStore) -> str:
    return write_archive(store, ORG, NAME, COLLECTIONS)


def test_a_whole_archive_has_no_problems(store: DirectoryStore, sha256: str) -> None:
    assert check_archive(store, ORG, NAME, sha256=sha256) == []


@pytest.mark.parametrize("collection", sorted(COLLECTIONS))
def test_it_gives_every_document_in_order(store: DirectoryStore, sha256: str, collection: str) -> None:
    found = documents(store, read_manifest(store, ORG, NAME), collection)
    assert [bson.decode(one) for one in found] == COLLECTIONS[collection]


def test_it_gives_the_indexes(store: DirectoryStore, sha256: str) -> None:
    assert metadata_of(store, read_manifest(store, ORG, NAME), "reports")["indexes"] == INDEXES


@pytest.mark.parametrize(
    ("file", "how", "said"),
    [
        ("reports.bson.zst", "flip", "reports.bson.zst is damaged"),
        ("fs.chunks.bson.zst", "flip", "fs.chunks.bson.zst is damaged"),
        ("fs.chunks.bson.zst", "truncate", "instead of"),
        ("counters.bson.zst", "remove", "counters.bson.zst is missing"),
        ("counters.metadata.json", "flip", "counters.metadata.json is damaged"),
        ("counters.metadata.json", "remove", "counters.metadata.json is missing"),
        ("manifest.json", "flip", "SHA-256 differs"),
        ("manifest.json", "remove", "has no manifest.json"),
    ],
)
def test_a_spoilt_file_is_told(store: DirectoryStore, sha256: str, file: str, how: str, said: str) -> None:
    harm(store.root / ORG / NAME / file, how)
    problems = check_archive(store, ORG, NAME, sha256=sha256)
    assert len(problems) == 1
    assert said in problems[0]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", 2, "of format 2"),
        ("org_id", "somebody_else", "belongs to"),
        ("encryption", "rot13", "rot13"),
        ("collections", {"reports": {"documents": 1}}, "does not say"),
        ("migrations", None, "lacks"),
    ],
)
def test_a_manifest_of_another_kind_is_told(
    store: DirectoryStore, sha256: str, key: str, value: object, said: str
) -> None:
    manifest = store.root / ORG / NAME / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), key: value}))
    problems = check_archive(store, ORG, NAME)
    assert len(problems) == 1
    assert said in problems[0]


def test_a_manifest_cannot_lead_out_of_its_folder(store: DirectoryStore, sha256: str) -> None:
    manifest = store.root / ORG / NAME / "manifest.json"
    content = json.loads(manifest.read_text())
    content["collections"]["reports"]["file"] = "../other/reports.bson.zst"
    manifest.write_text(json.dumps(content))
    with pytest.raises(ArchiveDamaged, match="cannot be in a backup"):
        read_manifest(store, ORG, NAME)


def test_a_torn_document_is_told_by_its_position() -> None:
    first, second = bson.encode(REPORTS[1]), bson.encode(REPORTS[2])
    with pytest.raises(ArchiveDamaged, match=f"reports.bson: the document at byte {len(first)} is torn"):
        list(split_documents(io.BytesIO(first + second[:-1]), "reports.bson"))


def test_what_is_no_document_is_told_by_its_position() -> None:
    first = bson.encode(REPORTS[1])
    with pytest.raises(ArchiveDamaged, match=f"no document at byte {len(first)}"):
        list(split_documents(io.BytesIO(first + b"\2\0\0\0rubbish"), "reports.bson"))


def test_a_file_that_ends_early_is_no_short_collection(store: DirectoryStore, sha256: str) -> None:
    manifest = read_manifest(store, ORG, NAME)
    harm(store.root / ORG / NAME / "reports.bson.zst", "truncate")
    with pytest.raises(ArchiveDamaged, match=r"reports\.bson\.zst"):
        list(documents(store, manifest, "reports"))


def test_a_sealed_archive_is_read_with_its_key_alone(store: DirectoryStore) -> None:
    key, other = Identity.generate(), Identity.generate()
    write_archive(store, ORG, NAME, COLLECTIONS, keys=[key.to_public()])
    manifest = read_manifest(store, ORG, NAME)
    assert check_archive(store, ORG, NAME, identities=[key]) == []
    assert [bson.decode(one) for one in documents(store, manifest, "reports", identities=[key])] == REPORTS
    with pytest.raises(SealingFailed):
        list(documents(store, manifest, "reports", identities=[other]))
