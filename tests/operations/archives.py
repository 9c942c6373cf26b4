"""Archives written without a database, and ways to spoil one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import bson
from pyrage.x25519 import Recipient

from tenants.operations.backups import sealing
from tenants.operations.backups.archive import FORMAT, manifest_bytes, metadata_of, write_collection
from tenants.operations.backups.stores import MANIFEST, Store

INDEXES = [
    {"v": 2, "key": {"_id": 1}, "name": "_id_"},
    {"v": 2, "key": {"status": 1, "at": -1}, "name": "newest", "unique": True},
]


def write_archive(
    store: Store,
    org_id: str,
    name: str,
    collections: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    keys: Sequence[Recipient] = (),
) -> str:
    """A whole archive of these documents; returns the SHA-256 of its manifest."""
    stored = []
    for collection, documents in collections.items():
        metadata = metadata_of(collection, uuid="", options={}, indexes=INDEXES)
        batches = [bson.encode(one) for one in documents]
        stored.append(
            asdict(write_collection(store, f"{org_id}/{name}", collection, batches, metadata, keys))
        )
    content = manifest_bytes(
        {
            "format": FORMAT,
            "org_id": org_id,
            "name": "Gamma Valuers",
            "initials": "GV",
            "taken_at": "2026-11-23T10:15:00+00:00",
            "migrations": [],
            "encryption": sealing.METHOD if keys else None,
            "collections": stored,
            "organization": {},
        }
    )
    store.write_bytes(f"{org_id}/{name}/{MANIFEST}", content)
    return hashlib.sha256(content).hexdigest()


def harm(path: Path, how: str) -> None:
    """``flip`` a bit in the middle, ``truncate`` to the half, or ``remove``."""
    content = bytearray(path.read_bytes())
    if how == "remove":
        path.unlink()
        return
    content[len(content) // 2] ^= 1
    path.write_bytes(content if how == "flip" else content[: len(content) // 2])
