"""Guards of a canary: what must hold of its measurements, such as `p95<300ms,errors<1%`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

from arena.errors import SpecError
from arena.model.benchmarks import Benchmark
from arena.tuples import NamedTuple

_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_LATENCIES = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
_UNITS = {"ms": 0.001, "s": 1.0}
_HINT = f"write it like p95<300ms,errors<1%,rps>5; known are {', '.join(_LATENCIES)}, errors and rps"


class Rule(NamedTuple):
    """One condition."""

    text: str
    measure: str
    sign: str
    limit: float
    """In seconds, as a share of 1, or in requests a second."""

    def holds(self, found: Benchmark) -> bool:
        """Whether it holds of a measurement."""
        return _SIGNS[self.sign](self.value(found), self.limit)

    def value(self, found: Benchmark) -> float:
        """What the measurement says; without a right answer, latencies are endless."""
        if self.measure == "errors":
            return found.error_share if found.requests else 1.0
        if self.measure == "rps":
            return found.throughput
        return float(getattr(found.latency, self.measure)) if found.succeeded else float("inf")


def parse(text: str) -> tuple[Rule, ...]:
    """The conditions of a guard; raises SpecError."""
    found = [_rule(part.strip()) for part in text.split(",") if part.strip()]
    if not found:
        raise SpecError("--guard is empty", _HINT)
    return tuple(found)


def _rule(part: str) -> Rule:
    match = re.fullmatch(r"([a-z0-9]+)\s*(<=|>=|<|>)\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(ms|s|%|)", part)
    if not match:
        raise SpecError(f'--guard: "{part}" is not a condition', _HINT)
    measure, sign, number, unit = match.groups()
    if measure in _LATENCIES and unit in _UNITS:
        return Rule(part, measure, sign, float(number) * _UNITS[unit])
    if measure == "errors" and unit == "%":
        return Rule(part, measure, sign, float(number) / 100)
    if measure == "rps" and not unit:
        return Rule(part, measure, sign, float(number))
    raise SpecError(f'--guard: "{part}" compares {measure} with "{number}{unit}"', _HINT)


def broken(rules: tuple[Rule, ...], found: Benchmark) -> list[Rule]:
    """The conditions that do not hold."""
    return [one for one in rules if not one.holds(found)]
