"""The text of a parameter, as `--param` takes it: `lr=log:1e-5..1e-1`, `opt=adam,sgd if layers>1`."""

import json
import keyword
import math
import re

from arena.search.assignments import NUMBER, SearchError, Value, brief, quoted, shown, typed
from arena.search.expressions import expression
from arena.search.parameters import (
    CATEGORICAL,
    DISCRETE,
    DOUBLE,
    INT,
    LOG_NORMAL,
    LOG_UNIFORM,
    NORMAL,
    UNIFORM,
    Parameter,
    check_parameter,
)

FORMS = "uniform:0..1, log:1e-5..1e-1, int:1..8, int:8..512:8, int:log:1..1024, normal:0,1 or 16,32,64"
LONGEST = 20_000
"""Characters of a parameter."""

_DISTRIBUTIONS = {"uniform": UNIFORM, "log": LOG_UNIFORM, "normal": NORMAL, "lognormal": LOG_NORMAL}
_SPELLINGS = {"loguniform": "log", "float": "uniform", "double": "uniform"}
_WORDS = {*_DISTRIBUTIONS, *_SPELLINGS, "int", "discrete"}
_PREFIX = re.compile(r"([A-Za-z]+):")
_RANGE = re.compile(rf"\s*({NUMBER.pattern})\s*\.\.\s*({NUMBER.pattern})\s*(?::\s*(\S+)\s*)?", re.ASCII)
_END = re.compile(r",|\sif(?=\s|$)")
_IF = re.compile(r"\sif(\s|$)")


def parse(text: str) -> Parameter:
    """The parameter of `NAME=VALUES`.

    Raises:
        SearchError: says what is wrong with the text.
    """
    name, equals, values = text.partition("=")
    name = name.strip()
    if not equals:
        raise SearchError(f"{quoted(text)} is not a parameter: write NAME=VALUES, such as lr=log:1e-5..1e-1")
    if not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name):
        raise SearchError(
            f"{quoted(name)} is not the name of a parameter: use letters, digits and _, as in batch_size"
        )
    if len(text) > LONGEST:
        raise SearchError(f"{name} has {len(text)} characters; at most {LONGEST} are allowed")
    try:
        made = _parsed(name, values)
    except SearchError as error:
        raise error if str(error).startswith(name) else SearchError(f"{name}: {error}") from None
    check_parameter(made)
    return made


def text_of(parameter: Parameter) -> str:
    """The text that `parse` reads as this parameter."""
    condition = f" if {parameter.condition}" if parameter.condition else ""
    return f"{parameter.name}={_values_text(parameter)}{condition}"


def _parsed(name: str, values: str) -> Parameter:
    items, condition = _split(values)
    if condition is not None:
        expression(condition)
    condition = condition or ""
    plain = ",".join(text for text, is_quoted in items if not is_quoted)
    prefix = _PREFIX.match(plain)
    if prefix and not items[0][1]:
        word = _SPELLINGS.get(prefix[1], prefix[1])
        rest = plain[prefix.end() :]
        if word == "discrete":
            choices = tuple(_number(name, one) for one in rest.split(","))
            return Parameter(name=name, kind=DISCRETE, choices=choices, condition=condition)
        if word == "int":
            return _whole(name, rest, condition)
        if word in _DISTRIBUTIONS:
            return _double(name, word, rest, condition)
        _refuse_typo(prefix[1], rest)
    elif _RANGE.fullmatch(plain):
        ways = [f"uniform:{plain}", f"int:{plain}"]
        if float(plain.partition("..")[0]) > 0:
            ways.insert(1, f"log:{plain}")
        raise SearchError(f"say how the values are spread, as in {', '.join(ways[:-1])} or {ways[-1]}")
    return Parameter(name=name, kind=CATEGORICAL, choices=tuple(_choices(name, items)), condition=condition)


def _split(values: str) -> tuple[list[tuple[str, bool]], str | None]:
    """The items between commas, each with whether it was quoted, and the condition; None if there is none."""
    items: list[tuple[str, bool]] = []
    at = 0
    while True:
        blanks = len(values[at:]) - len(values[at:].lstrip())
        if blanks and _IF.match(values, at + blanks - 1):
            blanks = 0  # a condition right after a comma, or without any value
        at += blanks
        if is_quoted := values.startswith('"', at):
            text, at = _quoted_item(values, at)
        else:
            found = _END.search(values, at)
            end = found.start() if found else len(values)
            text, at = values[at:end].strip(), end
        items.append((text, is_quoted))
        rest = values[at:]
        if rest.startswith(","):
            at += 1
            continue
        if not rest.strip():
            return items, None
        if _IF.match(rest):
            return items, rest.strip()[2:].strip()
        raise SearchError(
            f"after {quoted(text)} comes a comma or a condition, and not {quoted(rest.strip())}"
        )


def _quoted_item(values: str, at: int) -> tuple[str, int]:
    try:
        text, end = json.JSONDecoder().raw_decode(values, at)
    except ValueError:
        raise SearchError(f"{quoted(values[at:])} has no closing quote") from None
    return str(text), end


def _choices(name: str, items: list[tuple[str, bool]]) -> list[Value]:
    if items == [("", False)]:
        raise SearchError(f'{name} has no values; write one such as {name}=16,32,64, or "" for an empty text')
    made: list[Value] = []
    for text, is_quoted in items:
        if not text and not is_quoted:
            raise SearchError(f'{name} has an empty value; write "" for an empty text')
        number = NUMBER.fullmatch(text) and not text.lstrip("+-").isdecimal()
        made.append(text if is_quoted else _number(name, text) if number else typed(text))
    return made


def _refuse_typo(word: str, rest: str) -> None:
    """Refuse a text that looks like a distribution, such as `unifrom:0..1`; `s3://models` does not."""
    from difflib import get_close_matches

    likely = get_close_matches(word.lower(), sorted(_WORDS), 1, 0.7)
    is_range = _RANGE.fullmatch(rest) or (likely and all(NUMBER.fullmatch(one) for one in rest.split(",")))
    if is_range:
        hint = f"did you mean {likely[0]}:{rest}?" if likely else f"write {FORMS}"
        raise SearchError(f"{quoted(word)} is no kind of parameter; {hint}")


def _double(name: str, word: str, rest: str, condition: str) -> Parameter:
    distribution = _DISTRIBUTIONS[word]
    low, high, step = _bounds(name, word, rest)
    return Parameter(
        name=name, kind=DOUBLE, low=float(low), high=float(high), step=None if step is None else float(step),
        distribution=distribution, condition=condition,
    )  # fmt: skip


def _whole(name: str, rest: str, condition: str) -> Parameter:
    prefix = _PREFIX.match(rest)
    word = _SPELLINGS.get(prefix[1], prefix[1]) if prefix else "uniform"
    if word not in _DISTRIBUTIONS:
        raise SearchError(
            f"{quoted(word)} is no distribution of whole numbers; write int:1..8 or int:log:1..1024"
        )
    low, high, step = _bounds(name, word, rest[prefix.end() :] if prefix else rest)
    whole = [one if one is None else int(one) for one in (low, high, step) if one is None or one == int(one)]
    if len(whole) < 3:
        raise SearchError(f"{name} needs whole numbers, and {quoted(rest)} has others")
    return Parameter(
        name=name, kind=INT, low=whole[0], high=whole[1], step=whole[2],
        distribution=_DISTRIBUTIONS[word], condition=condition,
    )  # fmt: skip


def _bounds(name: str, word: str, rest: str) -> tuple[float, float, float | None]:
    """The bounds and the step of `LOW..HIGH[:STEP]` or, for normal ones, `MEAN,DEVIATION`."""
    if found := _RANGE.fullmatch(rest):
        groups = found.groups()
        low, high, step = groups[0], groups[len(groups) // 2], groups[-1]
        return _number(name, low), _number(name, high), None if step is None else _number(name, step)
    if word in ("normal", "lognormal"):
        pair = rest.split(",")
        if len(pair) == 2:
            mean, deviation = (_number(name, one) for one in pair)
            return _normal_bounds(name, word, mean, deviation)
        raise SearchError(f"{name}: {word} takes a mean and a standard deviation, as in {word}:0,1")
    raise SearchError(f"{name}: {quoted(rest)} is not a range; write one such as {word}:1..8")


def _normal_bounds(name: str, word: str, mean: float, deviation: float) -> tuple[float, float, None]:
    if deviation <= 0:
        raise SearchError(f"{name} needs a standard deviation above 0, and not {brief(deviation)}")
    low, high = mean - 3 * deviation, mean + 3 * deviation
    if word == "normal":
        return low, high, None
    try:
        return math.exp(low), math.exp(high), None
    except OverflowError:
        raise SearchError(f"{name} has values that are too large") from None


def _number(name: str, text: str) -> int | float:
    text = text.strip()
    if not NUMBER.fullmatch(text):
        raise SearchError(f"{name}: {quoted(text)} is not a number")
    if text.lstrip("+-").isdecimal() and len(text) <= 100:
        return int(text)
    if not math.isfinite(number := float(text)):
        raise SearchError(f"{name}: {quoted(text)} is too large")
    return number


def _values_text(parameter: Parameter) -> str:
    if parameter.kind == DISCRETE:
        return "discrete:" + ",".join(map(shown, parameter.choices))
    if not parameter.is_number():
        return ",".join(map(_choice_text, parameter.choices))
    low, high = parameter.bounds()
    if text := _normal_text(parameter):
        return text
    step = "" if parameter.step is None else f":{brief(parameter.step)}"
    word = next(word for word, one in _DISTRIBUTIONS.items() if one == parameter.distribution)
    prefix = "int:" if parameter.kind == INT else ""
    short = f"{prefix}{word}:" if not prefix or word != "uniform" else prefix
    return f"{short}{brief(low)}..{brief(high)}{step}"


def _normal_text(parameter: Parameter) -> str:
    """The text with mean and standard deviation; "" if there is none that gives exactly the same bounds."""
    if (
        parameter.kind == INT
        or parameter.step is not None
        or parameter.distribution in (UNIFORM, LOG_UNIFORM)
    ):
        return ""
    low, high = parameter.bounds()
    word = "normal"
    if parameter.distribution == LOG_NORMAL:
        word, low, high = "lognormal", math.log(low), math.log(high)
    for digits in (3, 6, 9, 12):
        mean, deviation = round((low + high) / 2, digits), round((high - low) / 6, digits)
        if deviation > 0 and _normal_bounds("", word, mean, deviation)[:2] == parameter.bounds():
            return f"{word}:{brief(mean)},{brief(deviation)}"
    return ""


def _choice_text(value: Value) -> str:
    """The value, in quotes if it would be read as something else otherwise."""
    text = shown(value)
    try:
        items, condition = _split(text)
        is_same = items == [(text, False)] and condition is None
        is_same = is_same and repr(_parsed("x", text).choices) == repr((value,))
    except SearchError:
        is_same = False
    return text if is_same else json.dumps(text, ensure_ascii=False)
