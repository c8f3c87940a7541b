"""Plain YAML is read and written as the YAML library does it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import arena
from arena import plain_yaml, yamlfile
from arena.manifests import yaml_library

TEMPLATES = sorted((Path(arena.__file__).parent / "templates").glob("*.yaml"))
PIECES = (
    *("a", "b", "$", "{", "}", "/", ":", " ", "  ", "\n", "\n  ", "\n    ", "- ", "# ", "&x", "*x", "<<"),
    *(": ", ":\n  ", "~", "null", "true", "1", "0x1", "-", "'", '"', "[]", "{}", "---\n", "...", "é", "\t"),
    *("|", "y", "1e3", "=", "@", "%", ",", "key: v\n", "key:\n  - a\n", "?", "12m", "True", "<<: *x\n"),
)
TEXTS = st.text(alphabet="ab01:#-? ,[]{}&*!|>'\"%@`.~=<>\n\t$é/+_\\", max_size=8) | st.sampled_from(
    [
        "true",
        "null",
        "on",
        "1",
        "1.5",
        "0x1",
        "2001-01-01",
        "12:30",
        ".inf",
        "---",
        "--- a",
        "<<",
        "=",
        "~",
        "y",
    ]
)
NODES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates(path):
    """Every packaged template but the one with a shell script is plain, and read as the library reads it."""
    text = path.read_text("utf-8")
    found = plain_yaml.read(text)
    if path.stem == "tensorboard":
        assert found is None
    else:
        assert found == yaml_library.read(text, path.name, written=False)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.booleans())
def test_read(text, written):
    """What is read of a plain text is what the library reads, to the type."""
    found = plain_yaml.read(text, written=written)
    assert found is None or repr(found) == repr(yaml_library.read(text, "it", written=written))


@given(st.dictionaries(TEXTS, NODES, max_size=4))
def test_write(node):
    """What is written of a plain object is what the library writes, to the character."""
    text = plain_yaml.write(node)
    assert text is None or text == yaml_library.write(node)


@given(st.lists(st.sampled_from((*PIECES, "on", "no: ", " yes")), max_size=25).map("".join), st.booleans())
def test_settings(text, written):
    """What is read of a plain file of settings is what the YAML library reads, to the type."""
    deepest = 3
    found = yamlfile.plain(text, deepest, written)
    assert found is None or repr(found) == repr(yamlfile.parsed(text, "it", deepest, written))


@pytest.mark.parametrize("text", ["a: b", "a:\n- b: c\n", "a:\n  b:\n    c: d\n", "a:\n  b: {}\n"])
def test_settings_that_are_plain(text):
    """Files without anything that only the library reads are read without it."""
    assert yamlfile.plain(text, 4, False) == yamlfile.parsed(text, "it", 4, False)
