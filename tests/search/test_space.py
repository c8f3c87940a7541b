"""Spaces: sizes, exact values, conditions and constraints, and what is refused."""

import math
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from spaces import PARAMETERS, space

from arena.search.assignments import SearchError, shown, typed
from arena.search.grammar import parse
from arena.search.parameters import Parameter, check_parameter
from arena.search.quantiles import rank_of, value_at
from arena.search.space import Space


def test_sizes():
    """The size counts exactly the combinations that conditions and constraints leave."""
    assert space("lr=uniform:0..1").size() is None
    assert space("lr=uniform:0..1:0.1", "n=int:1..4").size() == 44
    assert space("a=1,2,3", "b=int:1..4 if a>1", constraints=("a*b<=6",)).size() == 1 + 3 + 2
    assert space("n=int:1..1000000000", "m=int:1..1000000000", constraints=("n>m",)).size() == 10**18


def test_exact_steps():
    """Steps are exact decimal fractions, and the end is among them if a step leads there."""
    values = list(parse("x=uniform:0..1:0.1").values())
    assert values == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert list(parse("x=uniform:0..1:0.3").values()) == [0.0, 0.3, 0.6, 0.9]
    assert list(parse("n=int:8..30:8").values()) == [8, 16, 24]
    assert parse("n=int:9007199254740990..9007199254740992").count() == 3


def test_combinations_are_nested_loops():
    """The last parameter changes first; inactive ones are missing; the order is that of the parameters."""
    found = space("b=int:1..2 if a==y", "a=x,y", "c=true,false", constraints=("b<2 or c",)).combinations()
    assert [" ".join(f"{name}={shown(value)}" for name, value in one.items()) for one in found] == [
        "a=x c=true",
        "a=x c=false",
        "b=1 a=y c=true",
        "b=1 a=y c=false",
        "b=2 a=y c=true",
    ]


def test_check_reads_texts():
    """Assignments are read with their types, whether they are texts or numbers."""
    made = space("lr=uniform:0..1", "n=int:1..8", "opt=adam,7,true", "d=discrete:1,2.5")
    given = {"lr": "1", "n": "3", "opt": "7", "d": "2.50"}
    assert repr(made.check(given)) == "{'lr': 1.0, 'n': 3, 'opt': 7, 'd': 2.5}"
    assert repr(made.check({"lr": 0, "n": 3.0, "opt": True, "d": 1.0})) == (
        "{'lr': 0.0, 'n': 3, 'opt': True, 'd': 1}"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": 1}, "c has no value"),
        ({"a": 1, "c": 1, "z": 1}, 'there is no parameter "z"; the sweep has a, b, c'),
        ({"a": 1, "b": 1, "c": 0.5}, 'b has no value here, since its condition "a>1" does not hold'),
        ({"a": 2, "b": 3, "c": 0.5}, 'a=2, b=3, c=0.5 violates the constraint "a*b<=5"'),
        ({"a": 2, "b": 9, "c": 0.5}, '"9" is not a value of b, from 1 to 4'),
        ({"a": 2, "b": "1.5", "c": 0.5}, "1.5 is not a value of b, which is a whole number"),
        ({"a": 2, "b": 1, "c": 0.55}, "0.55 is not a value of c, which is in steps of 0.1 from 0"),
        ({"a": 2, "b": 1, "c": "nan"}, '"nan" is not a value of c, from 0 to 1'),
        ({"a": True, "b": 1, "c": 0.5}, '"true" is not a value of a: 1, 2'),
        ({"a": 1, "c": [0.5]}, '"[0.5]" is not a value of c'),
        ({"a": 1, "c": None}, '"None" is not a value of c'),
        ({"a": 2, "b": "9" * 5000, "c": 0.5}, f'"{"9" * 57}..." is not a value of b, from 1 to 4'),
    ],
)
def test_check_refuses(given, message):
    """An assignment outside the space is refused with one sentence."""
    made = space("a=1,2", "b=int:1..4 if a>1", "c=uniform:0..1:0.1", constraints=("a*b<=5",))
    with pytest.raises(SearchError) as error:
        made.check(given)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("texts", "constraints", "message"),
    [
        ((), (), "a sweep needs at least one parameter"),
        (("a=1", "b=2", "a=3"), (), "the parameter a is given 2 times"),
        (("a=1,2 if a>1",), (), "the condition of a names a itself"),
        (
            ("a=1,2 if b>1", "b=1,2 if c>1", "c=1,2 if a>1", "d=1 if c>1"),
            (),
            "the conditions of a and b and c depend on each other in a circle",
        ),
        (("a=1,2 if z>1",), (), '"z>1" names z, which is no parameter of the sweep: a'),
        (("a=1,2",), ("a<z",), '"a<z" names z, which is no parameter of the sweep: a'),
        (("a=1,2",), ("3>2",), '"3>2" names no parameter, so it is always true or always false'),
        (("a=x,y",), ("a>2",), 'the expression "a>2" cannot be computed: "x" and "2" have no order'),
        (
            ("a=1,2",),
            ("a>1", "a<2"),
            'no combination of the parameters fulfils the constraints "a>1" and "a<2"',
        ),
        (("a=uniform:0..1",), ("a>1",), 'none of 10,000 random combinations fulfils the constraint "a>1"'),
        (("a=int:1..8",), ("a>8",), 'no combination of the parameters fulfils the constraint "a>8"'),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_spaces_refused(texts, constraints, message):
    """Wrong conditions, impossible constraints and duplicate names are refused with one sentence."""
    with pytest.raises(SearchError) as error:
        space(*texts, constraints=constraints).check_possible()
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"kind": "flaot"},
            'x is of the unknown kind "flaot"; the kinds are double, int, categorical, discrete',
        ),
        (
            {"kind": "int", "distribution": "cauchy", "low": 1, "high": 2},
            'x has the unknown distribution "cauchy"; give one of uniform, logUniform, normal, logNormal',
        ),
        ({"kind": "int", "low": 1}, "x needs a least and a greatest value"),
        ({"kind": "int", "low": 1.5, "high": 2}, "x needs whole numbers of at most 9007199254740992"),
        ({"kind": "double", "low": math.nan, "high": 2.0}, "x has a bound that is not finite"),
        ({"kind": "categorical"}, "x has no values to choose from"),
        ({"kind": "categorical", "choices": (1, 2), "low": 1}, "x has both bounds and choices"),
        ({"kind": "int", "choices": (1, 2), "low": 1, "high": 2}, "x has both bounds and choices"),
        ({"kind": "discrete", "choices": ("a",)}, "x is discrete, so all its values must be numbers"),
        ({"kind": "categorical", "choices": (math.inf,)}, "x has a value that is not finite"),
    ],
)
def test_parameters_refused(fields, message):
    """A parameter that others made is checked as well."""
    with pytest.raises(SearchError) as error:
        check_parameter(Parameter(name="x", **fields))
    assert str(error.value) == message


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 101])
def test_names_refused(name):
    """Names of foreign experiments may have hyphens, but no control characters."""
    with pytest.raises(SearchError, match="is not the name of a parameter"):
        Space(parameters=(Parameter(name=name, kind="categorical", choices=(1,)),))


@given(PARAMETERS, st.floats(0, 1))
@example(Parameter(name="x", kind="categorical", choices=(False, 0)), 1.0)
def test_values_by_rank(parameter, rank):
    """Every rank gives a value of the space, and the rank of that value gives the same value again."""
    check_parameter(parameter)
    value = value_at(parameter, rank)
    assert repr(parameter.read(value)) == repr(value)
    again = value_at(parameter, rank_of(parameter, value))
    if parameter.is_number():
        assert math.isclose(again, value, rel_tol=1e-6, abs_tol=(parameter.high - parameter.low) * 1e-6)
    else:
        assert repr(again) == repr(value)


@given(PARAMETERS, st.integers(0))
def test_texts_of_values(parameter, seed):
    """The text of a value, as trials get it, reads as exactly this value."""
    value = value_at(parameter, Random(seed).random())
    assert repr(parameter.read(shown(value))) == repr(value)


@given(st.text(max_size=12) | st.floats().map(repr) | st.integers().map(str))
def test_typed_texts_are_shown_alike(text):
    """A text is a number or a boolean only if that is shown as the same text."""
    assert shown(typed(text)) == text


@pytest.mark.parametrize("text", ["n=int:1..4", "n=int:2..8:2", "x=uniform:0..1:0.25", "o=a,b,c"])
def test_equal_shares(text):
    """All steps and choices are equally likely."""
    parameter = parse(text)
    count = parameter.count()
    found = [value_at(parameter, (at + 0.5) / 1000 / count) for at in range(1000 * count)]
    assert {found.count(value) for value in parameter.values()} == {1000}


def test_distributions():
    """Half of all draws are below the middle, in the scale of the distribution."""
    assert value_at(parse("x=log:1e-4..1"), 0.5) == pytest.approx(0.01)
    assert value_at(parse("x=normal:5,1"), 0.5) == pytest.approx(5)
    assert value_at(parse("x=normal:5,1"), 0.8413) == pytest.approx(6, abs=0.01)
    assert value_at(parse("x=lognormal:0,1"), 0.5) == pytest.approx(1)
    assert [value_at(parse("n=int:log:1..1024"), rank) for rank in (0, 0.5, 1)] == [1, 23, 1024]
