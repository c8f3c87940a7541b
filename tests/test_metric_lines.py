"""Metrics in lines of text."""

import pytest

from arena.metric_lines import finder


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"epoch 3: loss=0.25 acc = .9", [("loss", "0.25"), ("acc", ".9")]),
        (b"val|f1-score=1e-3,x=+2", [("val|f1-score", "1e-3"), ("x", "+2")]),
        (b"loss=nan acc=-Infinity lr=inf", [("loss", "nan"), ("acc", "-Infinity"), ("lr", "inf")]),
        (b"mode=nano loss=information", []),
        (b"loss: 0.3", []),
    ],
)
def test_values_in_a_line(line: bytes, found: list[tuple[str, str]]) -> None:
    """Names and numbers around an equals sign are found, also those that are no finite numbers."""
    assert [one[:2] for one in finder([], [])(line, "")] == found


def test_only_the_wanted_metrics() -> None:
    """Given names, nothing else is found."""
    assert list(finder(["acc"], [])(b"loss=1 acc=2", "t")) == [("acc", "2", "t")]
