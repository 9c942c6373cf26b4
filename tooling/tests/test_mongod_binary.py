"""Which mongod is used, and what is said when none can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tooling import mongod_binary


def program(directory: Path, script: str) -> Path:
    """A stand-in for mongod that runs ``script`` in a shell."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "mongod"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the package's mongod, without its run bit as after an installation."""
    path = program(tmp_path / "packaged", 'echo "db version v6.0.5"')
    path.chmod(0o644)
    monkeypatch.setattr(mongod_binary, "_from_wheel", lambda: path)
    return path


def test_a_mongod_on_path_is_preferred(
    tmp_path: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = program(tmp_path / "bin", 'echo "db version v7.0.14"')
    monkeypatch.setenv("PATH", str(on_path.parent), prepend=":")
    assert mongod_binary.find(tmp_path / "copies") == on_path


def test_one_on_path_that_is_too_old_is_passed_over(
    tmp_path: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = program(tmp_path / "bin", 'echo "db version v5.0.1"')
    monkeypatch.setenv("PATH", str(on_path.parent), prepend=":")
    assert mongod_binary.find(tmp_path / "copies") == packaged


def test_the_packages_program_is_made_executable_in_place(tmp_path: Path, packaged: Path) -> None:
    assert mongod_binary._executable(packaged, tmp_path / "copies") == packaged


def test_a_program_that_may_not_be_changed_is_copied(
    tmp_path: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_mode = Path.chmod

    def refuse(path: Path, mode: int) -> None:
        if path == packaged:
            raise PermissionError
        change_mode(path, mode)

    monkeypatch.setattr(Path, "chmod", refuse)
    copy = mongod_binary._executable(packaged, tmp_path / "copies")
    assert mongod_binary.version_of(copy) == (6, 0)


def test_a_missing_library_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = program(
        tmp_path,
        "echo 'error while loading shared libraries: libcurl.so.4: cannot open shared object file' >&2;"
        "exit 127",
    )
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(mongod_binary.NoMongodError, match=r"apt-get install .* libcurl4"):
        mongod_binary.version_of(broken)


def test_a_processor_without_avx_is_named(tmp_path: Path) -> None:
    with pytest.raises(mongod_binary.NoMongodError, match="AVX"):
        mongod_binary.version_of(program(tmp_path, "kill -ILL $$"))


def test_a_program_of_another_machine_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mongod"
    path.write_bytes(b"\x7fELF nothing that runs here")
    path.chmod(0o755)
    with pytest.raises(mongod_binary.NoMongodError, match="cannot start"):
        mongod_binary.version_of(path)
