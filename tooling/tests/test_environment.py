"""The variables that the application runs under."""

from __future__ import annotations

from pathlib import Path

import pytest

from tooling import environment


@pytest.fixture(autouse=True)
def _var_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "VAR", tmp_path)


def test_a_secret_key_outlives_the_run_that_made_it() -> None:
    first = environment.for_serving({}, mongodb_uri="mongodb://a/", port=8000)
    second = environment.for_serving({}, mongodb_uri="mongodb://a/", port=8000)
    assert first["DJANGO_SECRET_KEY"] == second["DJANGO_SECRET_KEY"]


def test_what_is_given_has_the_last_word() -> None:
    given = {"DJANGO_SECRET_KEY": "mine", "DJANGO_HTTPS": "true", "DJANGO_ALLOWED_HOSTS": "valuation.example"}
    served = environment.for_serving(given, mongodb_uri="mongodb://a/", port=8000)
    assert {name: served[name] for name in given} == given


def test_debugging_is_off_unless_asked_for() -> None:
    assert environment.for_serving({}, mongodb_uri="mongodb://a/", port=8000)["DJANGO_DEBUG"] == "false"


def test_a_dotenv_file_says_what_the_environment_leaves_open(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nLOG_LEVEL=DEBUG\n")
    found = environment.with_dotenv({"PORT": "8123"}, tmp_path / ".env")
    assert found == {"PORT": "8123", "LOG_LEVEL": "DEBUG"}


def test_a_check_sees_no_secret_and_no_database_of_the_caller() -> None:
    given = {
        "DJANGO_SECRET_KEY": "mine",
        "MONGODB_URI": "mongodb://real/",
        "MONGODB_URI_SOUTH": "mongodb://too/",
    }
    checked = environment.without_database(given)
    assert not [value for value in checked.values() if value in given.values()]
