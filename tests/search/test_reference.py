"""docs/sweep-algorithms.md lists every algorithm, rule and setting; ARENA_REGENERATE=1 writes the tables."""

import os
from collections.abc import Iterator

from pages import ROOT

from arena.search.algorithms import ALGORITHMS
from arena.search.setting import Setting
from arena.search.stopping import RULES

PAGE = ROOT / "docs/sweep-algorithms.md"
HEADS = {
    "algorithms": "| algorithm | package | setting | default | values | known to |\n" + 6 * "|---" + "|\n",
    "rules": "| rule | setting | default | values |\n" + 4 * "|---" + "|\n",
}
PACKAGES = {"": "", "optuna": "Optuna", "scipy": "SciPy", "cmaes": "cmaes", "torch": "Optuna, PyTorch"}
KNOWN = {"both": "both", "katib": "Katib", "search": "arena"}


def values(one: Setting) -> str:
    """What a setting may be."""
    if one.choices:
        return ", ".join(f"`{choice}`" for choice in one.choices)
    if one.type is str:
        return "text"
    if one.type is float:
        return f"number from {one.low:,g} to {one.high:,g}"
    return f"whole number from {one.low:,} to {one.high:,}"


def default(one: Setting) -> str:
    """The default as it is written."""
    return "" if one.default is None else f"`{one.default}`"


def algorithm_rows() -> Iterator[str]:
    """A line for each setting of each algorithm."""
    for one in ALGORITHMS.values():
        first = (f"`{one.name}`", PACKAGES[one.requires])
        for name, setting in one.settings.items():
            cells = (*first, f"`{name}`", default(setting), values(setting))
            yield row(*cells, KNOWN[setting.by] if one.katib else "arena")
            first = ("", "")
        if not one.settings:
            yield row(*first, "", "", "", "both")


def rule_rows() -> Iterator[str]:
    """A line for each setting of each rule."""
    for rule, settings in RULES.items():
        for name, setting in settings.items():
            yield row(f"`{rule}`", f"`{name}`", default(setting), values(setting))


def row(*cells: str) -> str:
    """One line of a table."""
    return "|" + "|".join(f" {one} " if one else " " for one in cells) + "|\n"


def test_reference():
    """The tables are those of the code."""
    text = PAGE.read_text("utf-8")
    for which, rows in (("algorithms", algorithm_rows()), ("rules", rule_rows())):
        before, head, after = text.partition(HEADS[which])
        assert head
        rest = after[after.index("\n\n") :] if "\n\n" in after else ""
        text = before + head + "".join(rows).removesuffix("\n") + (rest or "\n")
    if os.environ.get("ARENA_REGENERATE"):
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text, "ARENA_REGENERATE=1 writes it anew"


def test_every_algorithm_is_described():
    """The page says of each algorithm what it is good for."""
    described = PAGE.read_text("utf-8").partition("## Settings")[0]
    assert [
        name for name in ALGORITHMS if f"| `{name}`" not in described and f", `{name}` |" not in described
    ] == []
