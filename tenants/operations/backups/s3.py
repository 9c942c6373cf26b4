"""Backups in a bucket of Amazon S3 or of a service that speaks its language.

A file is sent in parts while it is being written, some on their way at once, and appears when the last has
arrived. The account needs s3:PutObject, GetObject, DeleteObject, ListBucket, AbortMultipartUpload and
ListBucketMultipartUploads. Keys come from where boto3 looks for them (AWS_ACCESS_KEY_ID …, ~/.aws, the
machine's role), never from the address.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import SplitResult, parse_qs, unquote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tenants.operations.backups.stores import MANIFEST, Paths, Store, StoreFailed, parts_of

# A part's size grows with their number: 10,000 are allowed, and 900 GB go into them this way.
PART_BYTES = 16 << 20
_PARTS_OF_A_SIZE = 1000
_ON_THEIR_WAY = 2
# How often reading goes on where a connection broke.
_TRIES = 4
_MISSING = {"404", "NoSuchKey", "NotFound"}
T = TypeVar("T")


def store_at(address: SplitResult) -> S3Store:
    """The store at ``s3://bucket/prefix?endpoint=…&region=…``; both parameters may be left out."""
    parameters = {name: values[-1] for name, values in parse_qs(address.query).items()}
    return S3Store(
        address.netloc,
        unquote(address.path).strip("/"),
        endpoint=parameters.get("endpoint"),
        region=parameters.get("region"),
    )


class S3Store(Store):
    """A bucket, or what lies beneath a prefix in it."""

    def __init__(
        self, bucket: str, prefix: str = "", *, endpoint: str | None = None, region: str | None = None
    ) -> None:
        self.bucket = bucket
        self.prefix = "/".join(parts_of(prefix))
        # What is stored is checked by SHA-256 of our own; other checksums not every service understands.
        config = Config(
            retries={"max_attempts": 5, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        self._client: Any = boto3.client("s3", endpoint_url=endpoint, region_name=region, config=config)

    @contextmanager
    def open_write(self, path: str) -> Iterator[BinaryIO]:
        upload = _Upload(self._client, self.bucket, self._key(path))
        try:
            yield cast(BinaryIO, upload)
            upload.complete()
        finally:
            upload.abandon()

    @contextmanager
    def open_read(self, path: str) -> Iterator[BinaryIO]:
        with io.BufferedReader(_Download(self._client, self.bucket, self._key(path)), 1 << 20) as file:
            yield cast(BinaryIO, file)

    def exists(self, path: str) -> bool:
        try:
            self.size(path)
        except FileNotFoundError:
            return False
        return True

    def size(self, path: str) -> int:
        head = _told(lambda: self._client.head_object(Bucket=self.bucket, Key=self._key(path)), path)
        return int(head["ContentLength"])

    def list(self, path: str = "") -> Paths:
        cut = len(self.prefix) + 1 if self.prefix else 0
        return sorted(key[cut:] for key in self._keys(path))

    def delete_tree(self, path: str) -> None:
        if not parts_of(path):
            raise ValueError("A folder of the store has to be named.")
        keys = sorted(self._keys(path), key=lambda key: not key.endswith(f"/{MANIFEST}"))
        # One by one: the request for many at once needs a checksum that not every service understands.
        for key in keys:
            _told(lambda key=key: self._client.delete_object(Bucket=self.bucket, Key=key), key)  # type: ignore[misc]
        self._abort_uploads(path)

    def _keys(self, path: str) -> Paths:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self._folder(path)
        )
        return _told(lambda: [one["Key"] for page in pages for one in page.get("Contents", ())], path)

    def _abort_uploads(self, path: str) -> None:
        """What a process that died had sent of files that never became whole."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self.bucket, Prefix=self._folder(path)
        )
        uploads = _told(lambda: [one for page in pages for one in page.get("Uploads", ())], path)
        for one in uploads:
            _told(
                lambda one=one: self._client.abort_multipart_upload(  # type: ignore[misc]
                    Bucket=self.bucket, Key=one["Key"], UploadId=one["UploadId"]
                ),
                one["Key"],
            )

    def _key(self, path: str) -> str:
        return "/".join([self.prefix, *parts_of(path)] if self.prefix else parts_of(path))

    def _folder(self, path: str) -> str:
        key = self._key(path)
        return f"{key}/" if key else ""


class _Upload:
    """A file on its way: collected to parts, which threads send while the next is collected."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._key = client, key
        self._where = {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._upload_id = ""
        self._parts: list[dict[str, Any]] = []
        self._number = 0
        self._sending: set[Future[dict[str, Any]]] = set()
        self._threads = ThreadPoolExecutor(_ON_THEIR_WAY, thread_name_prefix="s3-upload")
        self._complete = False

    def write(self, data: bytes | bytearray | memoryview) -> int:
        self._buffer += data
        if len(self._buffer) >= PART_BYTES * (1 + self._number // _PARTS_OF_A_SIZE):
            self._send_part()
        return len(data)

    def flush(self) -> None:
        """Nothing to do: a part is sent when it is full."""

    def complete(self) -> None:
        """Send what is left, and let the file appear."""
        if not self._upload_id:
            _told(lambda: self._client.put_object(**self._where, Body=bytes(self._buffer)), self._key)
        else:
            if self._buffer:
                self._send_part()
            self._collect(wait(self._sending).done)
            parts = sorted(self._parts, key=lambda part: part["PartNumber"])
            _told(
                lambda: self._client.complete_multipart_upload(
                    **self._where, UploadId=self._upload_id, MultipartUpload={"Parts": parts}
                ),
                self._key,
            )
        self._complete = True

    def abandon(self) -> None:
        """End the threads; a file that is not complete never was."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        if self._upload_id and not self._complete:
            try:
                self._client.abort_multipart_upload(**self._where, UploadId=self._upload_id)
            except (BotoCoreError, ClientError):
                # The failure that led here counts; delete_tree finds what is left.
                return

    def _send_part(self) -> None:
        if not self._upload_id:
            begun = _told(lambda: self._client.create_multipart_upload(**self._where), self._key)
            self._upload_id = begun["UploadId"]
        while len(self._sending) >= _ON_THEIR_WAY:
            self._collect(wait(self._sending, return_when=FIRST_COMPLETED).done)
        self._number += 1
        self._sending.add(self._threads.submit(self._put_part, self._number, bytes(self._buffer)))
        self._buffer = bytearray()

    def _put_part(self, number: int, body: bytes) -> dict[str, Any]:
        sent = self._client.upload_part(**self._where, UploadId=self._upload_id, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": sent["ETag"]}

    def _collect(self, done: set[Future[dict[str, Any]]]) -> None:
        self._sending -= done
        for one in done:
            self._parts.append(_told(one.result, self._key))


class _Download(io.RawIOBase):
    """An object's bytes; a connection that breaks is made anew where it broke."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._key = client, key
        self._where = {"Bucket": bucket, "Key": key}
        self._position = self._bytes = 0
        self._etag = ""
        self._left_tries = _TRIES
        self._body = self._open()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._position < self._bytes:
            try:
                data: bytes = self._body.read(len(buffer))
            except (BotoCoreError, OSError) as error:
                self._left_tries -= 1
                if self._left_tries == 0:
                    raise StoreFailed(f"s3: {self._key} broke off again and again: {error}") from error
                self._body = self._open()
                continue
            buffer[: len(data)] = data
            self._position += len(data)
            self._left_tries = _TRIES
            return len(data)
        return 0

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()

    def _open(self) -> Any:
        more: dict[str, str] = {}
        if self._position:
            more = {"Range": f"bytes={self._position}-", "IfMatch": self._etag}
        found = _told(lambda: self._client.get_object(**self._where, **more), self._key)
        if not self._position:
            self._bytes, self._etag = int(found["ContentLength"]), found["ETag"]
        return found["Body"]


def _told(ask: Callable[[], T], what: str) -> T:
    """Ask, and say in our words why not. Raises FileNotFoundError, StoreFailed."""
    try:
        return ask()
    except ClientError as error:
        answer = error.response.get("Error", {})
        if str(answer.get("Code")) in _MISSING:
            raise FileNotFoundError(what) from error
        raise StoreFailed(f"s3: {what}: {answer.get('Code')}: {answer.get('Message')}") from error
    except BotoCoreError as error:
        raise StoreFailed(f"s3: {what}: {error}") from error
