"""Conditions and constraints: `layers>1`, `batch*workers<=512`, `opt in (adam, sgd) and lr<0.1`.

They are parsed by Python's parser and computed here, node by node; nothing is ever compiled or run. Their
length, depth and numbers are bounded, so that each is computed in microseconds.
"""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from arena.search.assignments import SearchError, Value, quoted
from arena.values import frozen

LONGEST = 500
"""Characters of an expression."""
DEEPEST = 50
"""Levels of an expression."""

_ALLOWED = (
    "a number, a text, a parameter, + - * / // % **, comparisons, in, and, or, not, min, max, abs or log2"
)
_LARGE = 2**63
_WORDS: Mapping[str, Value] = {"true": True, "True": True, "false": False, "False": False}
_Number = int | float
_BINARY: dict[type[ast.operator], Callable[[_Number, _Number], _Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_COMPARED = {*_ORDER, ast.Eq, ast.NotEq}


class UndefinedError(ArithmeticError):
    """The expression has no value here, as 1/0 has none."""


@frozen
class Expression:
    """A condition or constraint.

    Attributes:
        text: as it was written.
        names: the parameters and words that it contains, without the functions, `true` and `false`.
        tree: its parsed form.
    """

    text: str
    names: frozenset[str]
    tree: ast.expr

    def holds(self, scope: Mapping[str, Value]) -> bool:
        """Whether it is true for these values; a division by zero and the like are not.

        Raises:
            SearchError: if a name has no value, or if types do not fit, as in `"adam" > 3`.
        """
        try:
            return _Scope(self.text, scope).truth(self.tree)
        except UndefinedError:
            return False


@lru_cache(maxsize=512)
def expression(text: str) -> Expression:
    """Parse the text.

    Raises:
        SearchError: if it is no such expression, too long or too deep.
    """
    if len(text) > LONGEST:
        raise SearchError(
            f"the expression {quoted(text)} has {len(text)} characters; at most {LONGEST} are allowed"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of some spellings, such as `1if`
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError, Warning):
        raise SearchError(f"{quoted(text)} is not an expression; write one such as layers>1") from None
    names: set[str] = set()
    _check(text, tree, names, DEEPEST)
    return Expression(text=text, names=frozenset(names), tree=tree)


def _check(text: str, node: ast.expr, names: set[str], depth: int) -> None:
    """Collect the names of a node that may be used; raise a SearchError for any other."""
    if depth == 0:
        raise SearchError(f"the expression {quoted(text)} has more than {DEEPEST} levels")
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            _check_constant(text, value)
            return
        case ast.Name(id=name):
            names |= {name} - _WORDS.keys()
            return
    parts = _parts(node)
    if not parts:
        shown = ast.get_source_segment(text.strip(), node) or text
        raise SearchError(f"{quoted(shown)} is not allowed in the expression {quoted(text)}: use {_ALLOWED}")
    for one in parts:
        _check(text, one, names, depth - 1)


def _parts(node: ast.expr) -> list[ast.expr]:
    """What an allowed node computes with; nothing for any other."""
    match node:
        case ast.BoolOp(values=parts):
            return parts
        case ast.UnaryOp(op=ast.Not() | ast.UAdd() | ast.USub(), operand=one):
            return [one]
        case ast.BinOp(left=left, right=right, op=op) if type(op) in _BINARY or isinstance(op, ast.Pow):
            return [left, right]
        case ast.Compare(
            ops=[ast.In() | ast.NotIn()], left=left, comparators=[ast.Tuple() | ast.List() as listed]
        ):
            return [left, *listed.elts]
        case ast.Compare(left=left, comparators=others, ops=ops) if all(
            type(one) in _COMPARED for one in ops
        ):
            return [left, *others]
        case ast.Call(func=ast.Name(id="abs" | "log2"), args=[one], keywords=[]):
            return [one]
        case ast.Call(func=ast.Name(id="min" | "max"), args=parts, keywords=[]):
            return parts
    return []


def _check_constant(text: str, value: Value) -> None:
    if isinstance(value, int | float) and not abs(value) <= 1e300:
        raise SearchError(f"a number in the expression {quoted(text)} is too large")


class _Scope:
    """Computes the nodes of one expression with the values of names."""

    def __init__(self, text: str, values: Mapping[str, Value]) -> None:
        self.text = text
        self.values = values

    def truth(self, node: ast.expr) -> bool:
        value = self.value(node)
        if isinstance(value, str):
            if value.lower() in ("true", "false"):
                return value.lower() == "true"
            raise self.wrong(f"the text {quoted(value)} is neither true nor false")
        return bool(value)

    def is_defined_truth(self, node: ast.expr) -> bool:
        try:
            return self.truth(node)
        except UndefinedError:
            return False

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return value
            case ast.Name(id=name):
                return self.named(name)
            case ast.BoolOp(op=op, values=parts):
                # All are computed, so that a wrong type in any of them is found at once.
                found = [self.is_defined_truth(one) for one in parts]
                return all(found) if isinstance(op, ast.And) else any(found)
            case ast.UnaryOp(op=ast.Not(), operand=one):
                return not self.truth(one)
            case ast.UnaryOp(op=op, operand=one):
                number = self.number(one)
                return -number if isinstance(op, ast.USub) else number
            case ast.BinOp(left=left, right=right, op=op):
                return _bounded(op, self.number(left), self.number(right))
            case ast.Compare(ops=[ast.In() | ast.NotIn() as op], left=left, comparators=[listed]):
                assert isinstance(listed, ast.Tuple | ast.List)
                value = self.value(left)
                return any(_same(value, self.value(one)) for one in listed.elts) == isinstance(op, ast.In)
            case ast.Compare(left=left, ops=ops, comparators=others):
                values = [self.value(one) for one in (left, *others)]
                pairs = zip(ops, values, values[1:], strict=False)
                found = [self.compared(*pair) for pair in pairs]
                return all(found)
            case ast.Call(func=ast.Name(id=name), args=parts):
                return _called(name, [self.number(one) for one in parts])
        raise AssertionError(ast.dump(node))  # `_check` lets no other node through

    def named(self, name: str) -> Value:
        if name in self.values:
            return self.values[name]
        if name in _WORDS:
            return _WORDS[name]
        raise self.wrong(f"{name} has no value")

    def number(self, node: ast.expr) -> _Number:
        value = self.value(node)
        if isinstance(value, str):
            raise self.wrong(f"the text {quoted(value)} is not a number")
        return int(value) if isinstance(value, bool) else value

    def compared(self, op: ast.cmpop, left: Value, right: Value) -> bool:
        if isinstance(op, ast.Eq | ast.NotEq):
            return _same(left, right) == isinstance(op, ast.Eq)
        if isinstance(left, str) != isinstance(right, str):
            raise self.wrong(f"{quoted(str(left))} and {quoted(str(right))} have no order")
        return _ORDER[type(op)](left, right)

    def wrong(self, what: str) -> SearchError:
        return SearchError(f"the expression {quoted(self.text)} cannot be computed: {what}")


def _same(left: Value, right: Value) -> bool:
    """Whether the values are equal; the text `True` equals the value True."""
    if isinstance(left, bool) and isinstance(right, str):
        left, right = right, left
    if isinstance(left, str) and isinstance(right, bool):
        return left.lower() == str(right).lower()
    return left == right


def _bounded(op: ast.operator, left: _Number, right: _Number) -> _Number:
    """The result; a whole number from 2**63 on becomes a float, and what has no finite value is undefined."""
    try:
        value = _power(left, right) if isinstance(op, ast.Pow) else _BINARY[type(op)](left, right)
        return _finite(value)
    except (ArithmeticError, ValueError):
        raise UndefinedError from None


def _power(base: _Number, exponent: _Number) -> _Number:
    is_whole = isinstance(base, int) and isinstance(exponent, int) and exponent >= 0
    if is_whole and exponent * int(abs(base)).bit_length() <= 2 * _LARGE.bit_length():
        return base**exponent
    return math.pow(base, exponent)


def _called(name: str, numbers: list[_Number]) -> _Number:
    try:
        if name == "log2":
            return _finite(math.log2(numbers[0]))
        return abs(numbers[0]) if name == "abs" else (min if name == "min" else max)(numbers)
    except (ArithmeticError, ValueError):
        raise UndefinedError from None


def _finite(value: _Number) -> _Number:
    if isinstance(value, int) and abs(value) < _LARGE:
        return value
    value = float(value)
    if not math.isfinite(value):
        raise UndefinedError
    return value
