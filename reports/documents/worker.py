"""The process that lays pages out: reads one request a line from standard input, answers with one line.

Run as a script, alone: it imports the standard library and typst, nothing of the application, and is given
no environment, so what it reads (a firm's text and pictures) meets neither settings nor passwords. A request
names a private folder that holds ``report.typ``, ``data.json`` and images; the result is written into it.
It ends when its standard input does, that is with the process that started it.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

import typst

# Address space, of which fonts and thread stacks take a part that is never touched.
MEMORY_LIMIT = 4 * 1024**3


def main(fonts_folder: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts_folder])
    for line in sys.stdin:
        answer = _answer(json.loads(line), fonts)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answer(request: dict[str, Any], fonts: typst.Fonts) -> dict[str, Any]:
    root = Path(request["root"])
    # No package can be fetched: both places for packages are an empty folder of the request.
    nowhere = root / "packages"
    try:
        compiler = typst.Compiler(
            root / "report.typ", root=root, font_paths=fonts, package_path=nowhere, package_cache_path=nowhere
        )
        files = _pdf(compiler, root) if request["kind"] == "pdf" else _pages(compiler, root, request["ppi"])
        pages = int(compiler.query("<pages>", field="value", one=True))
    except typst.TypstError as error:
        return {"error": error.message, "trace": error.diagnostic[:4000]}
    except (OSError, MemoryError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"files": files, "pages": pages, "peak": peak}


def _pdf(compiler: typst.Compiler, root: Path) -> list[str]:
    made = compiler.compile(format="pdf", pdf_standards=["a-2a"])
    (root / "out.pdf").write_bytes(made if isinstance(made, bytes) else b"")
    return ["out.pdf"]


def _pages(compiler: typst.Compiler, root: Path, ppi: float) -> list[str]:
    made = compiler.compile(format="png", ppi=ppi)
    # A document of one page comes as bytes, a longer one as a list.
    pages = [made] if isinstance(made, bytes) else made or []
    names = [f"out-{number:04}.png" for number in range(1, len(pages) + 1)]
    for name, page in zip(names, pages, strict=True):
        (root / name).write_bytes(page)
    return names


if __name__ == "__main__":
    main(sys.argv[1])
