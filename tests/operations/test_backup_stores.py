"""Where backups are kept: a directory and a bucket keep the same promises."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from tenants.operations.backups import s3
from tenants.operations.backups.stores import (
    DirectoryStore,
    Store,
    StoreFailed,
    UnknownStore,
    store_at,
    store_named,
)

KEYS = {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up", "AWS_DEFAULT_REGION": "eu-west-1"}


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of something that speaks S3, on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(service: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The address of a new bucket, as BACKUP_STORES has it."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    name = f"bucket-{abs(hash(request.node.name))}"
    boto3.client("s3", endpoint_url=service).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return f"s3://{name}/backups/of%20ours?endpoint={service}&region=eu-west-1"


@pytest.fixture(params=["directory", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "directory":
        return DirectoryStore(tmp_path / "deep" / "store")
    return store_at(request.getfixturevalue("bucket"))


def test_what_was_written_is_read(store: Store) -> None:
    store.write_bytes("firm/one/a.bson", b"abc")
    assert (store.read_bytes("firm/one/a.bson"), store.size("firm/one/a.bson")) == (b"abc", 3)


def test_a_file_written_again_replaces_the_older_one(store: Store) -> None:
    store.write_bytes("firm/one/a", b"older")
    store.write_bytes("firm/one/a", b"new")
    assert store.read_bytes("firm/one/a") == b"new"


def test_a_large_file_goes_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "PART_BYTES", 5 << 20)
    piece = os.urandom(1 << 20)
    with store.open_write("firm/one/large") as file:
        for _ in range(12):
            file.write(piece)
    assert store.read_bytes("firm/one/large") == piece * 12


def test_a_file_that_was_not_finished_is_not_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "PART_BYTES", 5 << 20)

    def write_half() -> None:
        with store.open_write("firm/one/half") as file:
            file.write(bytes(6 << 20))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert (store.exists("firm/one/half"), store.list()) == (False, [])


def test_it_lists_what_is_beneath_a_folder(store: Store) -> None:
    for path in ("firm/two/b", "firm/one/a", "firm/one/c", "firmament/one/a"):
        store.write_bytes(path, b"")
    assert store.list("firm") == ["firm/one/a", "firm/one/c", "firm/two/b"]
    assert store.list("nobody") == []


def test_a_folder_goes_with_all_that_is_in_it(store: Store) -> None:
    for path in ("firm/one/a", "firm/one/manifest.json", "firm/two/a"):
        store.write_bytes(path, b"")
    store.delete_tree("firm/one")
    store.delete_tree("firm/one")
    assert store.list() == ["firm/two/a"]


def test_a_missing_file_is_missing(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.read_bytes("firm/one/none")
    assert store.exists("firm/one/none") is False


@pytest.mark.parametrize("path", ["../outside", "firm//a", "firm/../../a", "/etc/passwd", "firm/."])
def test_nothing_leads_out_of_it(store: Store, path: str) -> None:
    with pytest.raises(ValueError, match="no path within a store"):
        store.write_bytes(path, b"")


def test_the_whole_store_is_never_removed(store: Store) -> None:
    with pytest.raises(ValueError, match="has to be named"):
        store.delete_tree("")


def test_a_directory_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    DirectoryStore(tmp_path / "store").write_bytes("firm/one/a", b"")
    modes = {str(one.relative_to(tmp_path)): oct(one.stat().st_mode)[-3:] for one in tmp_path.rglob("*")}
    assert modes == {"store": "700", "store/firm": "700", "store/firm/one": "700", "store/firm/one/a": "600"}


def test_a_directory_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed, match="cannot be written: File exists"):
        DirectoryStore(tmp_path / "file").write_bytes("firm/one/a", b"")


def test_a_bucket_that_is_not_there_is_a_failure_of_the_store(bucket: str) -> None:
    with pytest.raises(StoreFailed, match="NoSuchBucket"):
        store_at(bucket.replace("bucket-", "other-")).write_bytes("firm/one/a", b"")


def test_a_service_that_does_not_answer_is_a_failure_of_the_store(bucket: str) -> None:
    nobody = store_at("s3://bucket/prefix?endpoint=http://127.0.0.1:9&region=eu-west-1")
    with pytest.raises(StoreFailed, match="Could not connect"):
        nobody.list()


def test_reading_goes_on_where_a_connection_broke(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_at(bucket)
    content = os.urandom(3 << 20)
    store.write_bytes("firm/one/a", content)
    read, calls = s3._Download._open, []

    class Breaking:
        def __init__(self, body: Any) -> None:
            self.body, self.left = body, 1 << 20

        def read(self, amount: int) -> bytes:
            if self.left <= 0:
                raise ConnectionResetError
            data: bytes = self.body.read(min(amount, self.left))
            self.left -= len(data)
            return data

        def close(self) -> None:
            self.body.close()

    def open_breaking(self: s3._Download) -> Any:
        calls.append(self)
        return Breaking(read(self))

    monkeypatch.setattr(s3._Download, "_open", open_breaking)
    assert (store.read_bytes("firm/one/a") == content, len(calls)) == (True, 3)


def test_what_a_dead_process_had_sent_goes_with_its_folder(bucket: str, service: str) -> None:
    store = store_at(bucket)
    assert isinstance(store, s3.S3Store)
    client = boto3.client("s3", endpoint_url=service)
    client.create_multipart_upload(Bucket=store.bucket, Key=f"{store.prefix}/firm/one/half")
    store.delete_tree("firm/one")
    assert "Uploads" not in client.list_multipart_uploads(Bucket=store.bucket)


@pytest.mark.parametrize(
    "url", ["", "/var/backups", "file://host/directory", "file:///", "s3:///x", "ftp://host/x", "s3"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UnknownStore, match="no address of a store"):
        store_at(url)


def test_a_store_goes_by_its_name_in_the_settings(settings: Settings, tmp_path: Path) -> None:
    settings.BACKUP_STORES = {"first": f"file://{tmp_path}/1", "second": f"file://{tmp_path}/with%20space"}
    settings.BACKUP_STORE = "second"
    found = [store_named(name) for name in ("", "first")]
    assert [one.root for one in found if isinstance(one, DirectoryStore)] == [
        tmp_path / "with space",
        tmp_path / "1",
    ]
