"""Secrets that are made once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tooling import private_files


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = private_files.read_or_create(tmp_path / "secret", private_files.token)
    assert private_files.read_or_create(tmp_path / "secret", private_files.token) == first


def test_a_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    private_files.read_or_create(tmp_path / "new" / "secret", private_files.token)
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600


def test_a_secret_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("old")
    (tmp_path / "secret").chmod(0o644)
    private_files.read_or_create(tmp_path / "secret", private_files.token)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_an_empty_file_is_not_taken_for_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").touch()
    assert private_files.read_or_create(tmp_path / "secret", lambda: "made") == "made"


def test_a_failure_while_making_one_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        private_files.read_or_create(tmp_path / "secret", lambda: "₹")
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_has_what_mongodb_takes() -> None:
    assert 6 <= len(private_files.key_file()) <= 1024
