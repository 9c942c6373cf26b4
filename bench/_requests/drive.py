"""Runs the load in a process of its own: ``python -m bench._requests.drive PORT SECONDS CONNECTIONS FILE``.

The last line printed is JSON, a ``Round``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import cycle
from pathlib import Path

from bench._requests import load, seeded


def main(arguments: list[str]) -> None:
    port, seconds, connections, file = arguments
    targets = cycle(seeded.read_targets(Path(file)))
    print(json.dumps(asdict(load.run(int(port), float(seconds), int(connections), targets))))


if __name__ == "__main__":
    main(sys.argv[1:])
