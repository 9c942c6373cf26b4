"""`make clean-data`."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tooling import clean, mongod


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A stand-in for ``var/`` with something in it."""
    (tmp_path / "var" / "mongo" / "data").mkdir(parents=True)
    (tmp_path / "var" / "secret-key").write_text("secret")
    return tmp_path / "var"


def test_it_deletes_what_running_left_behind(var: Path) -> None:
    clean.clean(var)
    assert not var.exists()


def test_it_is_content_with_nothing_to_delete(tmp_path: Path) -> None:
    clean.clean(tmp_path / "var")
    assert not (tmp_path / "var").exists()


def test_it_refuses_while_the_data_are_served(var: Path) -> None:
    with (var / "run.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("4711")
        file.flush()
        with pytest.raises(clean.CleanError, match=r"\(process 4711\)"):
            clean.clean(var)
    assert (var / "secret-key").exists()


@pytest.mark.mongod
def test_it_ends_a_mongodb_that_was_left_running(var: Path) -> None:
    server = mongod.start(var / "mongo")
    clean.clean(var)
    assert server.process.wait(timeout=10) == 0
