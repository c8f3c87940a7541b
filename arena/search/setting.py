"""One setting of an algorithm or of an early stopping."""

from arena.search.assignments import NUMBER, SearchError, Value, brief, quoted, shown
from arena.tuples import NamedTuple


class Setting(NamedTuple):
    """One setting of an algorithm.

    `by` says who knows it: "both", "katib" or "search", which is what arena itself runs.
    """

    type: type[int] | type[float] | type[str]
    default: int | float | str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    by: str = "both"

    def read(self, name: str, given: Value) -> Value:
        """The value with its type; texts are read.

        Raises:
            SearchError: if it is of another type or out of range.
        """
        text = shown(given)
        if self.type is str:
            if self.choices and text not in self.choices:
                raise SearchError(
                    f"the setting {name} is one of {', '.join(self.choices)}, and not {quoted(text)}"
                )
            return text
        number = float(text) if NUMBER.fullmatch(text) else float("nan")
        if not self._is_within(number) or (self.type is int and not number.is_integer()):
            raise SearchError(f"the setting {name} is {self._range()}, and not {quoted(text)}")
        return int(number) if self.type is int else number

    def _is_within(self, number: float) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)

    def _range(self) -> str:
        kind = "a whole number" if self.type is int else "a number"
        if self.low is not None and self.high is not None:
            return f"{kind} from {brief(self.low)} to {brief(self.high)}"
        return kind if self.low is None else f"{kind} from {brief(self.low)} on"
