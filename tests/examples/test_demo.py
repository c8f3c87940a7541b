"""What `make demo` shows."""

import re
import subprocess
from pathlib import Path

from product import Product, browser, until

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
    page = browser()

    def tags() -> str:
        try:
            where = page.open(link, timeout=20).geturl()
            return str(page.open(f"{where}data/plugin/scalars/tags", timeout=20).read())
        except OSError:  # it is still starting
            return ""

    until(lambda: "accuracy" in tags() and "loss" in tags(), 60, "the curves in TensorBoard")
