"""Texts that each match of a regular expression contains."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.diagnosis import literals, rules

PATTERNS = sorted(
    {
        regex.pattern
        for rule in rules.own()
        for pattern in (*rule.match, *rule.also, *rule.unless)
        if pattern.source == "log"
        for _, regex in pattern.fields
    }
)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("out of memory", ("out of memory",)),
        (r"^(?:CUDA|HIP) error: (?P<what>\w+)", (" error: ",)),
        (r"(?:Killed|Segmentation fault)\b", ("Killed", "Segmentation fault")),
        (r"(?:x|Segmentation fault)", ()),
        (r"(?:abcd)?xyz", ("xyz",)),
        (r"(?:abcd)+", ("abcd",)),
        (r"(?i:nan) loss", (" loss",)),
        (r"(?i)loss", ()),
        (r"(?<!no )error\d", ("error",)),
        (r"(?!abc)\w+", ()),
        (r"\d+", ()),
    ],
)
def test_needed(pattern: str, expected: tuple[str, ...]) -> None:
    """The longest text that cannot be left out is found, or one for each alternative."""
    assert literals.needed(pattern) == expected


@settings(max_examples=30)
@given(st.data())
def test_every_match_contains_one(data: st.DataObject) -> None:
    """Whatever a pattern of arena's rules matches contains one of its texts."""
    pattern = data.draw(st.sampled_from(PATTERNS))
    text = data.draw(st.from_regex(pattern))
    needed = literals.needed(pattern)
    assert not needed or any(one in text for one in needed), re.search(pattern, text)
