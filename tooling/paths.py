"""Where things are in a checkout. Standard library only."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Everything that running here leaves behind: data, logs, secrets. Not in version control, not in an image.
VAR = ROOT / "var"
