"""The texts of parameters: what users type, what it means, and what is refused."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from spaces import PARAMETERS

from arena.search.assignments import SearchError
from arena.search.grammar import parse, text_of
from arena.search.parameters import Parameter
from arena.values import replace

CASES: list[tuple[str, dict[str, Any], str]] = [
    ("lr=uniform:0..1", {"kind": "double", "low": 0.0, "high": 1.0}, "lr=uniform:0..1"),
    (
        "lr=log:1e-5..1e-1",
        {"kind": "double", "low": 1e-5, "high": 0.1, "distribution": "logUniform"},
        "lr=log:1e-05..0.1",
    ),
    (
        "lr = loguniform: .1 .. 2",
        {"kind": "double", "low": 0.1, "high": 2.0, "distribution": "logUniform"},
        "lr=log:0.1..2",
    ),
    ("x=uniform:-1..1:0.5", {"kind": "double", "low": -1.0, "high": 1.0, "step": 0.5}, "x=uniform:-1..1:0.5"),
    ("x=uniform:0...5", {"kind": "double", "low": 0.0, "high": 0.5}, "x=uniform:0..0.5"),
    ("layers=int:1..8", {"kind": "int", "low": 1, "high": 8}, "layers=int:1..8"),
    ("n=int:1e2..1e4", {"kind": "int", "low": 100, "high": 10_000}, "n=int:100..10000"),
    ("batch=int:8..512:8", {"kind": "int", "low": 8, "high": 512, "step": 8}, "batch=int:8..512:8"),
    (
        "n=int:log:1..1024",
        {"kind": "int", "low": 1, "high": 1024, "distribution": "logUniform"},
        "n=int:log:1..1024",
    ),
    ("x=normal:0,1", {"kind": "double", "low": -3.0, "high": 3.0, "distribution": "normal"}, "x=normal:0,1"),
    (
        "x=normal:1..2:0.1",
        {"kind": "double", "low": 1.0, "high": 2.0, "step": 0.1, "distribution": "normal"},
        "x=normal:1..2:0.1",
    ),
    (
        "x=lognormal:0,1",
        {
            "kind": "double",
            "low": 0.049787068367863944,
            "high": 20.085536923187668,
            "distribution": "logNormal",
        },
        "x=lognormal:0,1",
    ),
    ("batch=16,32,64", {"choices": (16, 32, 64)}, "batch=16,32,64"),
    ("batch=discrete:16,32", {"kind": "discrete", "choices": (16, 32)}, "batch=discrete:16,32"),
    ("opt=adam, sgd", {"choices": ("adam", "sgd")}, "opt=adam,sgd"),
    ("flag=true,false", {"choices": (True, False)}, "flag=true,false"),
    ("flag=True,False", {"choices": ("True", "False")}, "flag=True,False"),
    ("lr=1e-3,0.01", {"choices": (0.001, 0.01)}, "lr=0.001,0.01"),
    ("id=007", {"choices": ("007",)}, "id=007"),
    ("seed=1", {"choices": (1,)}, "seed=1"),
    ("url=s3://models/a..b", {"choices": ("s3://models/a..b",)}, "url=s3://models/a..b"),
    ("args=a=b", {"choices": ("a=b",)}, "args=a=b"),
    ('x="a,b", "",c d', {"choices": ("a,b", "", "c d")}, 'x="a,b","",c d'),
    ('x="1",2', {"choices": ("1", 2)}, 'x="1",2'),
    ('x="log:1..2"', {"choices": ("log:1..2",)}, 'x="log:1..2"'),
    (
        "layers2=int:1..8 if layers>1",
        {"kind": "int", "low": 1, "high": 8, "condition": "layers>1"},
        "layers2=int:1..8 if layers>1",
    ),
    (
        'x="a if b",c if  opt == "sgd"',
        {"choices": ("a if b", "c"), "condition": 'opt == "sgd"'},
        'x="a if b",c if opt == "sgd"',
    ),
]


@pytest.mark.parametrize(("text", "fields", "written"), CASES, ids=[text for text, _, _ in CASES])
def test_taken(text, fields, written):
    """What users type is read with its types, and written in one form that reads the same."""
    made = parse(text)
    expected = Parameter(**{"name": text.partition("=")[0].strip(), "kind": "categorical"} | fields)
    assert repr(made) == repr(expected)
    assert text_of(made) == written
    assert repr(parse(written)) == repr(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr", '"lr" is not a parameter: write NAME=VALUES, such as lr=log:1e-5..1e-1'),
        ("a-b=1", '"a-b" is not the name of a parameter: use letters, digits and _, as in batch_size'),
        ("=1", '"" is not the name of a parameter: use letters, digits and _, as in batch_size'),
        ("if=1", '"if" is not the name of a parameter: use letters, digits and _, as in batch_size'),
        ("ß=1", '"ß" is not the name of a parameter: use letters, digits and _, as in batch_size'),
        ("lr=unifrom:0..1", 'lr: "unifrom" is no kind of parameter; did you mean uniform:0..1?'),
        ("lr=norml:0,1", 'lr: "norml" is no kind of parameter; did you mean normal:0,1?'),
        ("lr=Log:1..2", 'lr: "Log" is no kind of parameter; did you mean log:1..2?'),
        ("n=int:lg:1..8", 'n: "lg" is no distribution of whole numbers; write int:1..8 or int:log:1..1024'),
        ("lr=1..8", "lr: say how the values are spread, as in uniform:1..8, log:1..8 or int:1..8"),
        ("x=-2..2", "x: say how the values are spread, as in uniform:-2..2 or int:-2..2"),
        ("lr=log:1..b", 'lr: "1..b" is not a range; write one such as log:1..8'),
        ("lr=uniform:1,2", 'lr: "1,2" is not a range; write one such as uniform:1..8'),
        ("lr=normal:1", "lr: normal takes a mean and a standard deviation, as in normal:0,1"),
        ("lr=normal:1,0", "lr needs a standard deviation above 0, and not 0"),
        ("lr=lognormal:1,1e9", "lr has values that are too large"),
        ("lr=uniform:2..1", "lr starts at 2, which is more than its end, 1"),
        ("lr=log:0..1", "lr is logarithmic, so it must start above 0, and not at 0"),
        ("n=int:1..8:0", "n needs a step above 0, and not 0"),
        ("n=int:1..8:-1", "n needs a step above 0, and not -1"),
        ("n=int:1..8:9", "n has a step of 9, which leads beyond its end, 8"),
        ("n=int:1..8.5", 'n needs whole numbers, and "1..8.5" has others'),
        ("n=int:0..1e300", "n needs whole numbers of at most 9007199254740992"),
        ("lr=uniform:0..1:1e-300", "lr has a step of 1e-300, which is too small for its range"),
        ("lr=uniform:0..1e999", 'lr: "1e999" is too large'),
        ("lr=uniform:-1e308..1e308", "lr has bounds that are too far apart"),
        ("lr=discrete:1,a", 'lr: "a" is not a number'),
        ("opt=", 'opt has no values; write one such as opt=16,32,64, or "" for an empty text'),
        ("opt=a,,b", 'opt has an empty value; write "" for an empty text'),
        ("opt=a, if b>1", 'opt has an empty value; write "" for an empty text'),
        ("opt= if b>1", 'opt has no values; write one such as opt=16,32,64, or "" for an empty text'),
        ("opt=a,b,a", 'opt has the value "a" twice'),
        ('opt=1,"1"', 'opt has the value "1" twice'),
        ('opt="a', 'opt: ""a" has no closing quote'),
        ('opt="a"b', 'opt: after "a" comes a comma or a condition, and not "b"'),
        ("x=1 if", 'x: "" is not an expression; write one such as layers>1'),
        ("x=1 if b>", 'x: "b>" is not an expression; write one such as layers>1'),
        ("x=" + "1" * 30_000, "x has 30002 characters; at most 20000 are allowed"),
        (
            "x=" + ",".join(map(str, range(1001))),
            "x has 1001 values to choose from; at most 1000 are allowed",
        ),
    ],
    ids=lambda one: one[:30],
)
def test_refused(text, message):
    """What makes no sense is refused with one sentence that names the parameter and says what to write."""
    with pytest.raises(SearchError) as error:
        parse(text)
    assert str(error.value) == message


@given(PARAMETERS, st.sampled_from(["", "a>1", 'b == "x if y"']))
@example(
    Parameter(name="x", kind="categorical", choices=("-0", "+1", "1e5", "Infinity", " a", "b ", "a\nb")), ""
)
@example(Parameter(name="x", kind="double", low=-0.0, high=1e16), "")
def test_round_trip(parameter, condition):
    """Every parameter is written as a text that reads as exactly this parameter and is written alike."""
    parameter = replace(parameter, condition=condition)
    text = text_of(parameter)
    assert repr(parse(text)) == repr(parameter)
    assert text_of(parse(text)) == text


@given(st.text(max_size=60) | st.text('01.:,ein-lgotrmuf "\\=x', max_size=60))
@example('"\\ud800')
def test_any_text(values):
    """Any text is either a parameter that is written and read alike, or one clear error."""
    try:
        made = parse(f"x={values}")
    except SearchError:
        return
    assert repr(parse(text_of(made))) == repr(made)
