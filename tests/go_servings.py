"""The documented command lines of the Go arena that start servings: `cases/go-servings.txt`."""

from pathlib import Path

_TEXT = (Path(__file__).parent / "cases" / "go-servings.txt").read_text(encoding="utf-8")
LINES = [line for line in _TEXT.splitlines() if line and not line.startswith("#")]
NUMBERS = range(1, len(LINES) + 1)
