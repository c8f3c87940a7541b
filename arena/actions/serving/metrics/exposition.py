"""The text format of Prometheus: a line for each sample, with its name, labels and value.

https://prometheus.io/docs/instrumenting/exposition_formats/ describes it.
"""

import math
import re
from collections.abc import Iterator, Mapping

from arena.tuples import NamedTuple

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)[ \t]*(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+\S+)?[ \t]*")
_LABEL = re.compile(r'([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


class Sample(NamedTuple):
    """One value of a metric."""

    name: str
    labels: Mapping[str, str]
    value: float


def samples(text: str) -> Iterator[Sample]:
    """The samples of a text that are numbers; lines that cannot be read are left out."""
    for line in text.splitlines():
        if match := _SAMPLE.fullmatch(line):
            name, labels, written = match.groups()
            try:
                value = float(written)
            except ValueError:
                continue
            if not math.isnan(value):
                yield Sample(name, _labels(labels or ""), value)


def _labels(text: str) -> dict[str, str]:
    return {
        name: _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], value)
        for name, value in _LABEL.findall(text)
    }
