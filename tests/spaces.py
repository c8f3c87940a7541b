"""Spaces for tests: strategies that draw parameters, and short ways to write them."""

import math

from hypothesis import strategies as st

from arena.search.grammar import parse
from arena.search.parameters import DISTRIBUTIONS, EXACT, Parameter
from arena.search.space import Space

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda one: one not in {"if", "in", "is", "as", "or"}
)
FLOATS = st.floats(-1e100, 1e100, allow_nan=False, allow_subnormal=False)
POSITIVE = st.floats(1e-100, 1e100, allow_subnormal=False)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = (
    st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)


def space(*texts: str, constraints: tuple[str, ...] = ()) -> Space:
    """The space of these texts of parameters."""
    return Space(parameters=tuple(map(parse, texts)), constraints=constraints)


@st.composite
def doubles(draw) -> Parameter:
    """A parameter of kind double."""
    distribution = draw(st.sampled_from(DISTRIBUTIONS))
    low, high = sorted(draw(st.tuples(*[POSITIVE if "og" in distribution else FLOATS] * 2)))
    steps = draw(st.none() | st.integers(1, 10**6)) if low < high else None
    step = (high - low) / steps if steps else None
    if step == 0 or (step and not math.isfinite(step)):
        step = None
    return Parameter(
        name=draw(NAMES), kind="double", low=low, high=high, step=step, distribution=distribution
    )  # fmt: skip


@st.composite
def ints(draw) -> Parameter:
    """A parameter of kind int."""
    distribution = draw(st.sampled_from(DISTRIBUTIONS))
    low, high = sorted(draw(st.tuples(*[st.integers(1 if "og" in distribution else -EXACT, EXACT)] * 2)))
    step = draw(st.none() | st.integers(1, high - low)) if low < high else None
    return Parameter(name=draw(NAMES), kind="int", low=low, high=high, step=step, distribution=distribution)


def shown_once(values: list) -> bool:
    """Whether no two are shown alike."""
    from arena.search.assignments import shown

    return len(set(map(shown, values))) == len(values)


CATEGORICAL = st.builds(
    lambda name, choices: Parameter(name=name, kind="categorical", choices=tuple(choices)),
    NAMES,
    st.lists(VALUES, min_size=1, max_size=6).filter(shown_once),
)
DISCRETE = st.builds(
    lambda name, choices: Parameter(name=name, kind="discrete", choices=tuple(choices)),
    NAMES,
    st.lists(st.integers(-(10**20), 10**20) | FLOATS, min_size=1, max_size=6).filter(shown_once),
)
PARAMETERS = doubles() | ints() | CATEGORICAL | DISCRETE
