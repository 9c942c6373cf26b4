"""The runner of benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import __main__ as runner


def test_it_lists_a_benchmark_by_the_first_line_of_its_docstring(tmp_path: Path) -> None:
    (tmp_path / "pages.py").write_text('"""How fast pages are.\n\nMore."""\n')
    (tmp_path / "_people.py").write_text('"""A helper."""\n')
    assert runner.benchmarks(tmp_path) == {"pages": "How fast pages are."}


def test_every_benchmark_says_what_it_measures() -> None:
    assert [name for name, summary in runner.benchmarks(runner.DIRECTORY).items() if not summary] == []


def test_a_name_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["no_such_benchmark"]) == 2
    assert "no benchmark 'no_such_benchmark'" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["", "done", "[1]", "12", '{"a": 1} and more'])
def test_a_last_line_that_is_no_object_is_no_result(line: str) -> None:
    assert runner.result_in(line) is None


def test_the_last_line_is_the_result() -> None:
    assert runner.result_in('{"first_touch_ms": 0.8}') == {"first_touch_ms": 0.8}
