"""The noun, the column and the verb that CONTRIBUTING.md adds, in a copy of the package."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product
from worked_example import Example, python

NOUN = Example("A new noun")
COLUMN = Example("A new column")
VERB = Example("A new verb of a group")


@pytest.fixture
def noun(tmp_path: Path) -> Iterator[Product]:
    """The product with the noun."""
    with NOUN.product(tmp_path) as made:
        yield made


@pytest.fixture
def column(tmp_path: Path) -> Iterator[Product]:
    """The product with the column."""
    with COLUMN.product(tmp_path) as made:
        yield made


@pytest.fixture
def verb(tmp_path: Path) -> Iterator[Product]:
    """The product with the verb."""
    with VERB.product(tmp_path) as made:
        yield made


def test_a_noun_is_a_few_new_files(noun: Product) -> None:
    """The files of the section, and no other change, give a noun in every format, help, and the library."""
    assert len(NOUN.files) == 5
    assert not NOUN.diffs
    assert "namespace, ns" in noun.must("--help")
    assert "list, ls" in noun.must("ns", "--help")
    head, *rows = noun.must("namespace", "list", "-o", "wide").splitlines()
    assert head.split() == ["NAME", "AGE", "STATUS"]
    assert [row.split()[::2] for row in rows if row.startswith("default ")] == [["default", "Active"]]
    names = noun.must("ns", "ls", "-o", "name").split()
    assert [one["name"] for one in json.loads(noun.must("ns", "list", "-o", "json"))] == names
    program = (
        "import arena, arena.actions.namespaces as actions; "
        "print(*(one.name for one in actions.namespaces(arena.connect())))"
    )
    assert python(noun, program).split() == names


def test_a_column_is_one_line(column: Product) -> None:
    """The change of the section, applied as it stands, adds the column to `list -o wide` alone."""
    assert not COLUMN.files
    column.must("submit", "job", "--name", "a", "true")
    head, row = column.must("list", "-o", "wide").splitlines()
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  ", row[head.index("CREATED") :])
    assert "CREATED" not in column.must("list")


def test_a_verb_is_one_new_file(verb: Product) -> None:
    """The file of the section gives its group a command, with help, completion of names and its result."""
    assert len(VERB.files) == 1
    assert "runs" in verb.must("cron", "--help")
    verb.must("cron", "job", "--name", "nightly", "--schedule", "0 2 29 2 *", "true")
    ended = verb.run("cron", "runs", "nightly")
    assert (ended.code, ended.out, "has not started a job yet" in ended.err) == (0, "", True)
    line = {"_ARENA_COMPLETE": "bash_complete", "COMP_WORDS": "arena cron runs ni", "COMP_BREAKS": " "}
    assert verb.must(**line) == "plain,nightly\n"


@pytest.mark.parametrize("example", [NOUN, VERB], ids=["noun", "verb"])
def test_what_is_shown_passes_the_checks(example: Example, tmp_path: Path) -> None:
    """The files of each section are typed and tidy as the rest of the package is."""
    assert example.check(tmp_path) == ""
