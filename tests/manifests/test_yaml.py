"""YAML in and out."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from arena import manifests
from arena.errors import TemplateError

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@given(st.dictionaries(TEXT, JSON))
def test_what_is_written_is_read_back(obj):
    """YAML for people reads back as the same data, here and by a YAML 1.1 reader."""
    text = manifests.dump([obj])
    assert manifests.load_all(text, "it") == [obj]
    assert yaml.safe_load(text) == obj


@pytest.mark.parametrize(
    "word",
    ["1e-3", "1E5", "on", "Yes", "n", "0x1F", "0o17", "017", "1_000", ".5", "+1", "12:30", "2026-01-31", "~",
     "null", "NULL", ".inf", "-.Inf", ".nan", "=", "<<", "", "1.", "2001-12-14t21:59:43.10-05:00", "1,000"],
)  # fmt: skip
def test_doubtful_words_are_quoted(word):
    """Text that some reader takes for a number, a truth value, a date or nothing is written in quotes."""
    assert manifests.dump([{"k": word}]) == f"k: '{word}'\n"


def test_lines_are_kept_apart():
    """A command of several lines is written as several lines."""
    assert manifests.dump([{"k": "a\nb\n"}]) == "k: |\n  a\n  b\n"


def test_secrets_are_masked():
    """The values of a Secret are not shown; its keys and other objects are."""
    secret = {"kind": "Secret", "data": {"a": "eA=="}, "stringData": {"b": "x"}}
    assert manifests.masked(secret) == {"kind": "Secret", "data": {"a": "***"}, "stringData": {"b": "***"}}
    assert manifests.masked({"kind": "ConfigMap", "data": {"a": "x"}}) == {
        "kind": "ConfigMap",
        "data": {"a": "x"},
    }


def test_scalars():
    """Scalars are read as YAML 1.2 does, and never as dates; a learning rate stays as it was written."""
    text = "[on, 012, 1e-3, 12:30, 2026-01-31, 0x1F, 1.5, true, ~, -7]"
    assert manifests.load(text, "it") == ["on", "012", "1e-3", "12:30", "2026-01-31", 31, 1.5, True, None, -7]


def test_merge_keys():
    """Anchors and merge keys work: templates use them."""
    assert manifests.load("a: &x {k: 1}\nb: {<<: *x, l: 2}", "it")["b"] == {"k": 1, "l": 2}


@pytest.mark.parametrize("written", [False, True])
def test_merges_of_merges(written):
    """What is merged may itself merge and override, wherever it stands; a key that is there twice is none."""
    nested = (
        "x: {a: &a {key: a}, b: &b {<<: *a, key: b}}\ny: {<<: *b}\nz: {<<: [*b, *a]}\nw: {<<: [*a, *b], c: 1}"
    )
    found = manifests.load(nested.replace("1", "one"), "it", written=written)
    a, b = {"key": "a"}, {"key": "b"}
    assert found == {"x": {"a": a, "b": b}, "y": b, "z": b, "w": {"key": "a", "c": "one"}}
    assert manifests.load("a: &a {<<: *a, k: one}", "it", written=written) == {"a": {"k": "one"}}
    with pytest.raises(TemplateError, match="line 1: << takes a mapping"):
        manifests.load("x: {<<: [one]}", "it", written=written)
    with pytest.raises(TemplateError, match='line 1: the key "k" appears twice'):
        manifests.load("x: {a: &a {k: a, k: b}}\ny: {<<: *a}", "it", written=written)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb:\n\t- c", "it, line 3: a tab cannot indent YAML"),
        ("a: 1\na: 2", 'it, line 2: the key "a" appears twice'),
        ("a: {b", "it, line 2: "),
        ("a: !!python/object:os.system x", "it, line 1: the tag .* is not allowed"),
        ("a: !!binary x", "it, line 1: the tag .* is not allowed"),
        ("&a [*a]", "contains more than"),
        (BOMB, "contains more than"),
        ("[" * 50_000, "nested deeper"),
        ("a: " + "x" * (1 << 20), "longer than 1 MiB"),
        ("a: \0", "control characters"),
    ],
    ids=range(10),
)
def test_refused(text, message):
    """Broken, hostile and huge YAML is refused, with the line if known."""
    with pytest.raises(TemplateError, match=message):
        manifests.load_all(text, "it")


def test_one_document():
    """A file that may hold one document may not hold two."""
    assert manifests.load("", "it") is None
    with pytest.raises(TemplateError, match="contains 2 documents"):
        manifests.load("a: 1\n---\nb: 2", "it")
