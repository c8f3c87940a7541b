"""What `make demo` shows."""

import re
import subprocess
import urllib.request
from pathlib import Path

from product import Product, until

DEMO = Path(__file__).parents[2] / "examples" / "demo.sh"


def demo(arena: Product) -> str:
    """Run it; what it printed."""
    done = subprocess.run(
        ["sh", str(DEMO)], env=arena.env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_twice(arena: Product) -> None:
    """From an empty home, and again: the digits are learnt, and the TensorBoard of the link draws them."""
    for _ in range(2):
        shown = demo(arena)
        assert re.search(r"rank 0 ends with accuracy 0\.9", shown)
        assert re.search(r"rank 1 ends with accuracy 0\.9", shown)
        assert arena.jobs() == {"digits": "SUCCEEDED"}
    link = shown.strip().splitlines()[-1]

    def tags() -> str:
        try:
            with urllib.request.urlopen(f"{link.rstrip('/')}/data/plugin/scalars/tags", timeout=5) as answer:
                return str(answer.read())
        except OSError:  # it is still starting
            return ""

    until(lambda: "accuracy" in tags() and "loss" in tags(), 30, "the curves in TensorBoard")
