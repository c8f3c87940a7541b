"""Finds how far a program is, in what it prints: bars of tqdm, rich and Keras, `epoch 3/10`, `step 5 of 100`.

Pure text: no clock and no cluster. The forms are those of tqdm 4, Keras 2 and 3, Lightning 2 and the examples
of PyTorch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from arena.model.progress import Progress
from arena.tuples import NamedTuple

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_AMOUNT = r"\d{1,12}(?:\.\d{1,6})?[kKMG]?"
_GAP = r"\s{0,8}"
_TQDM = re.compile(
    rf"\d{{1,3}}%\|[^|]{{0,400}}\|{_GAP}(?P<done>{_AMOUNT})/(?P<total>{_AMOUNT}){_GAP}"
    r"\[[\d:]{1,12}<(?P<left>[\d:?]{1,12})(?:,(?P<rest>[^\]]{0,400}))?\]"
)
_RICH = re.compile(
    r"\s(?P<done>\d{1,12})/(?P<total>\d{1,12})\s{1,8}[\d:]{1,12}\s{1,8}•\s{1,8}(?P<left>[\d:-]{1,12})(?P<rest>.*)"
)
_KERAS = re.compile(
    rf"^{_GAP}(?P<done>\d{{1,12}})/(?P<total>\d{{1,12}})\s{{1,8}}(?:\[[=>.]{{3,80}}\]|[━╸╺]{{3,80}}){_GAP}(?:-\s)?"
    r"(?:ETA:\s(?P<eta>[\d:]{1,12})s?|(?P<left>[\d:]{1,12})s?)(?P<rest>.*)"
)
_OF = rf"{_GAP}[:=#\[(]?{_GAP}(?P<done>\d{{1,12}}){_GAP}(?:/|of|out of){_GAP}(?P<total>\d{{1,12}})"
EPOCH = re.compile(rf"\bepochs?{_OF}", re.IGNORECASE)
STEP = re.compile(rf"\b(?:global[_ ])?(?:step|iter|iteration|batch)s?{_OF}", re.IGNORECASE)
"""`epoch 3/10` and `step 5 of 100`, with the groups `done` and `total`."""
_VALUE = re.compile(
    r"['\"]?(?<![\w.])([A-Za-z][\w/.-]{0,60})['\"]?\s?[:=]\s?['\"]?"
    r"([+-]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20})(?:[eE][+-]?\d{1,3})?)(?![\w:/.])"
)
_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
LONGEST = 1000
"""Characters of a line that are read: its end, where bars are redrawn."""
METRICS = 8
"""At most so many values are kept."""


class _Count(NamedTuple):
    done: float
    total: float

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total)

    def text(self) -> str:
        return f"{self.done:g}/{self.total:g}"


def read(lines: Iterable[str]) -> Progress | None:
    """How far a program is, by the last lines that it printed; None if they do not tell.

    Args:
        lines: in their order; of a line with carriage returns, what was written last counts.
    """
    epoch: _Count | None = None
    inner: _Count | None = None
    left: int | None = None
    values: dict[str, float] = {}
    for line in lines:
        text = _last(line)
        if not text:
            continue
        bar = _bar(text)
        if (found := EPOCH.search(text[: bar.start()] if bar else text)) and (count := _count(found)):
            if epoch is None or count.done != epoch.done:
                inner, left = None, None
            epoch = count
        if bar and (count := _count(bar)):
            inner, left = count, _seconds(bar.groupdict().get("eta") or bar["left"] or "")
        elif (found := STEP.search(text)) and (count := _count(found)):
            inner, left = count, None
        _values(bar["rest"] or "" if bar else text, values)
    if epoch is None and inner is None:
        return Progress(metrics=values) if values else None
    return _progress(epoch, inner, left, values)


def _bar(text: str) -> re.Match[str] | None:
    """A bar of tqdm, rich or Keras; what tells them is looked for first, which is quick."""
    if "%|" in text:
        return _TQDM.search(text)
    if "•" in text:
        return _RICH.search(text)
    return _KERAS.match(text)


def _progress(
    epoch: _Count | None, inner: _Count | None, left: int | None, values: dict[str, float]
) -> Progress:
    told = [f"epoch {epoch.text()}"] if epoch else []
    told += [f"step {inner.text()}"] if inner else []
    if epoch and inner:
        # The step is one of the epoch, whose own number counts from 1; what is left of it says little.
        share = (max(epoch.done - 1, 0) + inner.share) / epoch.total
        return Progress(share=min(1.0, share), what=", ".join(told), metrics=values)
    whole = epoch or inner
    assert whole
    return Progress(share=whole.share, what=", ".join(told), seconds_left=left, metrics=values)


def _last(line: str) -> str:
    """What a terminal would show of a line in the end."""
    parts = [one for one in line[-LONGEST:].rstrip("\r\n").split("\r") if one.strip()]
    return _CONTROL.sub("", parts[-1]) if parts else ""


def _count(found: re.Match[str]) -> _Count | None:
    done, total = (_amount(found[key]) for key in ("done", "total"))
    return _Count(done, total) if total > 0 and done <= total else None


def _amount(text: str) -> float:
    scale = _SCALES.get(text[-1:], 1.0)
    return float(text.rstrip("kKMG")) * scale


def _seconds(text: str) -> int | None:
    """`1:02:03` in seconds; None if it is unknown."""
    parts = text.split(":")
    if not all(one.isdigit() and len(one) < 9 for one in parts):
        return None
    seconds = 0
    for one in parts:
        seconds = seconds * 60 + int(one)
    return seconds


def _values(text: str, values: dict[str, float]) -> None:
    """Add the values that a text names; the last one of each counts."""
    for name, number in _VALUE.findall(text):
        if name.lower() in NO_METRICS:
            continue
        values.pop(name, None)
        values[name] = float(number)
    while len(values) > METRICS:
        del values[next(iter(values))]


NO_METRICS = {
    "epoch",
    "step",
    "batch",
    "iter",
    "iteration",
    "eta",
    "time",
    "global_step",
    "rank",
    "world_size",
    "port",
    "pid",
    "seed",
    "v_num",
}
"""Names of numbers that are no results."""
