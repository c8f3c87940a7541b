"""How two jobs differ: the table, and the keys of its JSON."""

from collections.abc import Sequence

from arena.model import Difference
from arena.views.table import plain


def table(found: Sequence[Difference], left: str, right: str) -> str:
    """A line for each difference below the names of the two; `-` where one says nothing."""
    rows = [[one.what, _cell(one.left), _cell(one.right)] for one in found]
    return plain([["OPTION", left, right], *rows])


def _cell(value: str | None) -> str:
    return "-" if value is None else value.replace("\n", "\\n")


def data(one: Difference) -> dict[str, str | None]:
    """A difference as JSON has it."""
    return {"option": one.what, "left": one.left, "right": one.right}
