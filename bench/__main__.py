"""Run one benchmark, or list them: ``python -m bench [name]``.

A benchmark runs in a process of its own. It fails when its last line is not one JSON object.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent


def main(arguments: list[str]) -> int:
    """0 when the benchmark ran and reported, or when there was only a list to print."""
    found = benchmarks(DIRECTORY)
    if not arguments:
        for name, summary in found.items():
            print(f"  make bench NAME={name:<20} {summary}")
        if not found:
            print("There is no benchmark yet.")
        return 0
    name, *rest = arguments
    if name not in found:
        print(f"make bench: no benchmark {name!r}; there are: {', '.join(found) or 'none'}", file=sys.stderr)
        return 2
    return run(name, rest)


def benchmarks(directory: Path) -> dict[str, str]:
    """The first line of each benchmark's docstring by its name; what begins with "_" is a helper."""
    found = {}
    for path in sorted(directory.glob("*.py")):
        if not path.name.startswith("_"):
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            found[path.stem] = docstring.partition("\n")[0]
    return found


def run(name: str, arguments: list[str]) -> int:
    """Run one benchmark and pass on what it prints, line by line."""
    last = ""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", f"bench.{name}", *arguments],
        cwd=DIRECTORY.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    if process.returncode != 0:
        print(f"make bench: {name} failed with exit status {process.returncode}", file=sys.stderr)
        return 1
    if result_in(last) is None:
        print(f"make bench: the last line of {name} is not a JSON object", file=sys.stderr)
        return 1
    return 0


def result_in(line: str) -> dict[str, object] | None:
    """The JSON object that ``line`` is, or None."""
    try:
        result = json.loads(line)
    except ValueError:
        return None
    return result if isinstance(result, dict) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
