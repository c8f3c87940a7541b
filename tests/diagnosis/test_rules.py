"""Rules as data: those of arena, and wrong or slow ones of others."""

import pytest

from arena.diagnosis import rules
from arena.errors import SpecError

RULE = {"id": "a.b", "match": [{"log": "x"}], "cause": "it happened"}


def test_the_rules_of_arena():
    """All rules of arena can be read, and name only groups that they have."""
    assert {"oom.cuda", "image.notfound", "exit.nonzero"} <= {one.id for one in rules.own()}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "f is not a list of rules"),
        ([3], "f, rule 1 is not a mapping"),
        ([RULE, {}], 'f, rule 2: "id" must be a name such as oom.cuda'),
        ([RULE | {"id": "A b"}], '"id" must be a name'),
        ([RULE | {"mach": []}], '(a.b): "mach" is not a key of rules'),
        ([RULE | {"match": []}], '"match" is missing'),
        ([RULE | {"match": ["x"]}], "write each as SOURCE"),
        ([RULE | {"match": [{"line": "x"}]}], "each needs one source of log, event"),
        ([RULE | {"match": [{"event": {"text": "x"}}]}], 'event has no field "text"'),
        ([RULE | {"match": [{"log": "("}]}], "in the pattern ("),
        ([RULE | {"match": [{"log": "x" * 2000}]}], "more than 1000 characters"),
        ([RULE | {"cause": "{who} did it"}], "{who} is neither a group"),
        ([RULE | {"rank": 300}], "rank: it must be a number from 0 to 100"),
        ([RULE | {"level": "high"}], "level: it must be one of cause, consequence, general"),
        ([RULE | {"alive": "perhaps"}], "alive: it must be one of true, false"),
        ([RULE | {"cause": ["x"]}], "cause: write one sentence"),
    ],
)
def test_wrong_rules(data, told):
    """A wrong rule is refused by one sentence that says where it is and what is wrong."""
    with pytest.raises(SpecError) as error:
        rules.parse(data, "f")
    assert told in error.value.message


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a|b*)*c", ".*a.*b.*c.*d", r"(a)\1", "(?:x{1,99}y)*z", "(a{1,20}){1,20}b", "(?:ab|a|b)*c",
        "(?:a?){20}a{20}b", "(?:(?:a{1,4}){1,4}){1,4}b",
    ],
)  # fmt: skip
def test_endless_patterns_of_others(pattern):
    """A pattern of others that may take very long is refused."""
    with pytest.raises(SpecError, match="could take very long"):
        rules.parse([RULE | {"match": [{"log": pattern}]}], "f", foreign=True)


@pytest.mark.parametrize(
    "pattern",
    [r"No module named '(?P<name>[\w.]+)'", r"exit code \d+", "a{1,3}b{2}",
     r"(?:\d{1,3}\.){3}\d{1,3}", "(?:a|b)?c", "(?:[a-z]{2}){8}", "(?:ab|cd){3}"],
)  # fmt: skip
def test_usual_patterns_of_others(pattern):
    """Usual patterns of others are accepted."""
    assert rules.parse([RULE | {"match": [{"log": pattern}]}], "f", foreign=True)


def test_values_in_commands():
    """A value in a command is quoted for the shell; a command without its value is left out."""
    assert rules.filled("arena logs {job} -i {instance|x}", {"job": "a; rm -rf b"}, quoted=True) == (
        "arena logs 'a; rm -rf b' -i x"
    )
    assert rules.filled("arena logs {job}", {}) is None
