"""Measure every budget, or the groups named, and print them with their verdicts."""

import argparse
import json
import os
import sys

from arena.views.table import plain
from benchmarks.measure import Figure, alone, group

GROUPS = ("startup", "listing", "submitting", "logs", "server", "proxy", "sweeps", "hostile")


def words(value: float) -> str:
    """A number as short as it can be read."""
    return f"{value:,.0f}" if value >= 20 or value == int(value) else f"{value:.2f}"


def row(figure: Figure) -> list[str]:
    """One line of the table."""
    sign = ">=" if figure.least else "<="
    budget = f"{sign} {words(figure.budget)} {figure.unit}"
    return [figure.what, budget, words(figure.measured), "kept" if figure.kept else "MISSED", figure.note]


def main() -> int:
    """Measure and print; 0 whatever the figures say, since a verdict on a busy machine is no failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"groups to measure: {', '.join(GROUPS)}")
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    parser.add_argument("--runs", type=int, default=9, metavar="N", help="how often to run each (default 9)")
    parser.add_argument("--scale", action="store_true", help="also 10,000 pods on ARENA_TEST_KUBECONFIG")
    given = parser.parse_args()
    if unknown := set(given.names) - set(GROUPS):
        parser.error(f"no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    if given.scale and "ARENA_TEST_KUBECONFIG" not in os.environ:
        parser.error("--scale needs ARENA_TEST_KUBECONFIG, a cluster with 10,000 pods")
    found = []
    for name in (given.names or list(GROUPS)) + (["scale"] if given.scale else []):
        print(f"measuring {name} ...", file=sys.stderr)
        found += alone(group, name, given.runs)
    if given.json:
        print(json.dumps([figure.data() for figure in found], indent=2))
    else:
        print(plain([["what", "budget", "measured", "", "how"], *map(row, found)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
