"""Spaces as Katib's parameters, there and back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spaces import NAMES, PARAMETERS, VALUES, space

from arena.search import katib
from arena.search.assignments import SearchError, shown, typed
from arena.search.space import Space
from arena.values import replace


def test_published_form():
    """A space is rendered as in Katib's examples, every value as a text."""
    made = space(
        "lr=log:1e-5..0.1",
        "n=int:8..64:8",
        "x=normal:0,1",
        "opt=adam,sgd",
        "d=discrete:1,2.5",
        "f=true,false",
    )
    assert katib.parameters_of(made) == [
        {
            "name": "lr",
            "parameterType": "double",
            "feasibleSpace": {"min": "1e-05", "max": "0.1", "distribution": "logUniform"},
        },
        {"name": "n", "parameterType": "int", "feasibleSpace": {"min": "8", "max": "64", "step": "8"}},
        {
            "name": "x",
            "parameterType": "double",
            "feasibleSpace": {"min": "-3.0", "max": "3.0", "distribution": "normal"},
        },
        {"name": "opt", "parameterType": "categorical", "feasibleSpace": {"list": ["adam", "sgd"]}},
        {"name": "d", "parameterType": "discrete", "feasibleSpace": {"list": ["1", "2.5"]}},
        {"name": "f", "parameterType": "categorical", "feasibleSpace": {"list": ["true", "false"]}},
    ]


@given(st.lists(PARAMETERS, min_size=1, max_size=5, unique_by=lambda one: one.name))
def test_round_trip(parameters):
    """A space comes back exactly, apart from texts that look like numbers, which become these."""
    parameters = [
        replace(one, choices=tuple(typed(shown(choice)) for choice in one.choices)) for one in parameters
    ]
    made = Space(parameters=tuple(parameters))
    sent = json.loads(json.dumps(katib.parameters_of(made)))
    assert repr(katib.space_of(sent)) == repr(made)
    assert katib.parameters_of(katib.space_of(sent)) == sent


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_assignments_round_trip(assignments):
    """What is sent as assignments is shown alike when it is read, also of parameters that nobody knows."""
    pairs = katib.pairs_of(assignments)
    assert katib.pairs_of(katib.assignments_of(pairs, ())) == pairs


def test_assignments_have_types():
    """Assignments get the types of their parameters; what does not fit stays as it is."""
    made = space("lr=uniform:0..1", "n=int:1..8", "opt=016,16")
    pairs = [{"name": "lr", "value": "1"}, {"name": "n", "value": "x"}, {"name": "opt", "value": "016"}]
    assert repr(katib.assignments_of(pairs, made.parameters)) == "{'lr': 1.0, 'n': 'x', 'opt': '016'}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "x"}, "x has no feasibleSpace"),
        (
            {"name": "x", "parameterType": "int", "feasibleSpace": {"min": "1"}},
            "x needs a least and a greatest value",
        ),
        (
            {"name": "x", "parameterType": "int", "feasibleSpace": {"min": "a", "max": "2"}},
            'x has "a" where a number must be',
        ),
        (
            {"name": "x", "parameterType": "int", "feasibleSpace": {"min": "1.5", "max": "2"}},
            "x needs whole numbers of at most 9007199254740992",
        ),
        (
            {"name": "x", "parameterType": "double", "feasibleSpace": {"min": "0", "max": "1e999"}},
            'x has "1e999", which is too large',
        ),
        (
            {"name": "x", "parameterType": "unknown", "feasibleSpace": {}},
            'x is of the unknown kind "unknown"; the kinds are double, int, categorical, discrete',
        ),
        (
            {"name": "x", "parameterType": "categorical", "feasibleSpace": {"list": "abc"}},
            "x has a list that is none",
        ),
        (
            {"name": "x", "parameterType": "categorical", "feasibleSpace": {}},
            "x has no values to choose from",
        ),
    ],
)
def test_refused(given, message):
    """A parameter that Katib would refuse is refused with one sentence."""
    with pytest.raises(SearchError) as error:
        katib.space_of([given])
    assert str(error.value) == message


def test_beyond_katib():
    """Conditions and constraints cannot be sent to Katib."""
    with pytest.raises(SearchError) as error:
        katib.parameters_of(space("a=1,2", "b=1 if a>1"))
    assert str(error.value) == 'Katib has no conditions, and b has "a>1"'
    with pytest.raises(SearchError) as error:
        katib.parameters_of(space("a=1,2", constraints=("a>1",)))
    assert str(error.value) == 'Katib has no constraints such as "a>1"'


def test_foreign_names():
    """Names that arena's own sweeps refuse are read from others' experiments."""
    given = {
        "name": "learning-rate",
        "parameterType": "categorical",
        "feasibleSpace": {"list": ["True", "1e-3", "016"]},
    }
    assert katib.space_of([given]).parameters[0].choices == ("True", "1e-3", "016")
