"""What others wrote, in every view: it controls no terminal, forges no row, and columns stand in line."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from arena import manifests, visible
from arena.model.crons import Cron
from arena.model.differences import Difference
from arena.model.evaluations import Evaluation
from arena.model.events import Event
from arena.model.jobs import Job
from arena.model.nodes import Node
from arena.model.progress import Progress
from arena.model.volumes import Volume
from arena.views import crons, differences, encode, evaluations, events, jobs, nodes, table, volumes
from arena.views.noun import Layout, text_of_all, text_of_one

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
NASTY = (
    "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "a\nadmin  SUCCEEDED", "a\r\nb", "\u202egpj", "\u2066x",
    "\u2028", "\u2029", "\x85", "\x7f", "\x00", "\ud800", "\udcff", "\t", "作业一", "e\u0301",
    "👩🏽‍🚀", "❤️", "🇩🇪", "한글", "-", "", "  ",
)  # fmt: skip
FOREIGN = st.lists(st.sampled_from(NASTY) | st.text(max_size=6), min_size=1, max_size=3).map("".join)
MOMENTS = st.datetimes(
    min_value=datetime(2029, 1, 1), max_value=datetime(2029, 12, 1), timezones=st.just(timezone.utc)
)
st.register_type_strategy(str, FOREIGN)
st.register_type_strategy(datetime, MOMENTS)
st.register_type_strategy(Decimal, st.integers(0, 10**6).map(Decimal))
st.register_type_strategy(int, st.integers(0, 99))
st.register_type_strategy(Mapping, st.dictionaries(FOREIGN, FOREIGN, max_size=2))
PROGRESS = {
    "share": st.none() | st.floats(0, 1),
    "metrics": st.dictionaries(FOREIGN, st.floats(), max_size=2),
}
st.register_type_strategy(
    Progress, st.builds(Progress, what=FOREIGN, seconds_left=st.none() | st.integers(0, 99), **PROGRESS)
)

FOUND = (Phase.explicit, Phase.reuse, Phase.generate)
"""Not made smaller: jobs are large, and what fails is mostly to be seen at once."""
BAD = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Of a text that may have lines."""


def many(of: type) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.from_type(of), min_size=1, max_size=3)


ALL = Layout(now=NOW, form="wide", everywhere=True)
LIST = Layout(now=NOW)
TABLES: dict[str, tuple[type, Callable[[list[Any]], str]]] = {
    "list": (Job, lambda rows: text_of_all(jobs.JOBS, rows, ALL)),
    "narrow list": (Job, lambda rows: text_of_all(jobs.JOBS, rows, replace(LIST, width=40))),
    "prune": (Job, lambda rows: text_of_all(jobs.ENDED, rows, LIST)),
    "events": (Event, lambda rows: table.ruled(events.EVENTS.columns, rows, NOW)),
    "crons": (Cron, lambda rows: text_of_all(crons.CRONS, rows, ALL)),
    "evaluations": (Evaluation, lambda rows: text_of_all(evaluations.EVALUATIONS, rows, ALL)),
    "nodes": (Node, lambda rows: text_of_all(replace(nodes.NODES, footer=None), rows, ALL)),
    "volumes": (Volume, lambda rows: text_of_all(volumes.VOLUMES, rows, ALL)),
    "diff": (Difference, lambda rows: text_of_all(differences.between("a", "b"), rows, LIST)),
}
PAGES: dict[str, tuple[type, Callable[[Any], str]]] = {
    "get": (Job, lambda one: text_of_one(jobs.JOBS, one, LIST, [])),
    "progress": (Job, lambda one: visible.line(jobs.summary(one, 3.0))),
    "top job": (Job, lambda one: text_of_one(jobs.USAGE, one, LIST)),
    "top jobs": (Job, lambda one: text_of_all(jobs.USAGE, [one], replace(LIST, everywhere=True))),
    "cron get": (Cron, lambda one: text_of_one(crons.CRONS, one, LIST, [])),
    "evaluation": (Evaluation, lambda one: text_of_one(evaluations.EVALUATIONS, one, LIST)),
    "top node": (Node, lambda one: text_of_all(nodes.NODES, [one], LIST)),
    "top node -d": (Node, lambda one: nodes.page(one, [("n", "p", 1)], NOW)),
}


@pytest.mark.parametrize("name", TABLES)
@given(data=st.data())
@settings(max_examples=20, phases=FOUND)
def test_tables_hold_a_row_a_line_in_columns_of_cells(name: str, data: st.DataObject) -> None:
    """A table has a line a row, no control characters, and columns that begin in one cell in all lines."""
    of, show = TABLES[name]
    rows = data.draw(many(of))
    text = show(rows)
    assert not BAD.search(text)
    head, *body = text.split("\n")
    assert len(body) == len(rows) + (name == "events")
    for start in (found.start() for found in re.finditer(r"(?<=  )\S", head.lstrip())):
        at = start + len(head) - len(head.lstrip())
        for line in body:
            assert visible.width(line) <= at or column_begins(line, at), (head, line)


def column_begins(line: str, cell: int) -> bool:
    """Whether a new text begins at that cell: two blanks, and no character across the border."""
    before = visible.clip(line, cell)
    seen = "".join(char for char in before if visible.width(char))  # what joins a blank takes no cell
    return visible.width(before) == cell and seen.endswith("  ")


@pytest.mark.parametrize("name", PAGES)
@given(data=st.data())
@settings(max_examples=20, phases=FOUND)
def test_pages_hold_no_control_characters(name: str, data: st.DataObject) -> None:
    """No page shows a control character of others, and the number of its lines is not theirs to choose."""
    of, show = PAGES[name]
    one = data.draw(st.from_type(of))
    assert not BAD.search(show(one))
    assert "\nadmin  SUCCEEDED" not in show(one)


@given(data=st.dictionaries(FOREIGN, FOREIGN | st.lists(FOREIGN, max_size=2), max_size=3))
@settings(max_examples=100)
def test_data_is_escaped_and_the_same(data: dict[str, Any]) -> None:
    """JSON and YAML hold no control character raw, and are read back as what was there."""
    as_json = encode.encode(data, "json")
    assert not BAD.search(as_json)
    assert json.loads(as_json) == json.loads(json.dumps(data))
    for text in (encode.encode(data, "yaml"), manifests.dump([data])):
        assert not BAD.search(text)
        assert yaml.safe_load(text) == encodable(data)


def encodable(data: Any) -> Any:
    """The data without lone surrogates, which YAML cannot hold."""
    if isinstance(data, dict):
        return {visible.encodable(key): encodable(value) for key, value in data.items()}
    return [*map(encodable, data)] if isinstance(data, list) else visible.encodable(data)


PIECES = (*NASTY, "\x1b[31m", "\x1b[", "\x1b", "0;1m", "\x1bP", "\x9b", "\x9d", "\r", "m")
OUTPUT = st.lists(st.sampled_from(PIECES)).map("".join)


@given(OUTPUT | st.text(alphabet="\x1b[]P\x9b\x9d\x07\\0;1mHJ \r\tx"))
@settings(max_examples=500)
def test_output_keeps_colours_and_no_other_control(text: str) -> None:
    """Whatever a program writes, a terminal gets colours, tabs and carriage returns, and no other control."""
    shown = visible.output(text)
    rest = re.sub(r"\x1b\[[0-9;:]*m|[\t\r]", "", shown)
    assert not BAD.search(rest)
    assert "\n" not in rest
    assert visible.output(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"), ("\x1b]0;t\x07x", "x"), ("\x1b[2J\x1b[1;1Hx", "x"),
        ("\x1b]8;;x\x1b\\link", "link"), ("\x9b2Jx", "x"), ("\x9d0;t\x9cx", "x"), ("\x1bPq\x1b\\x", "x"),
        ("\x1bcx", "x"), ("\x1b(0x", "x"), ("x\x1b[3", "x"), ("x\x1b]0;cut", "x"), ("10%\r20%", "10%\r20%"),
        ("a\x08b\x07c\x7f", "abc"), ("\u202ex", "x"), ("作业 👩🏽‍🚀", "作业 👩🏽‍🚀"),
    ],
)  # fmt: skip
def test_what_is_left_of_control_sequences(text: str, shown: str) -> None:
    """A sequence goes whole, also where the end of the line cuts it off; text stays."""
    assert visible.output(text) == shown


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        (" \ufe0fx", 2), (" \u200d\ufe0fx", 2), ("e\u0301\ufe0f", 1),
        ("plain", 5), ("作业一", 6), ("ﾊﾝｶｸ", 4), ("e\u0301", 1), ("한글", 4),
        ("\u1112\u1161\u11ab", 2), ("🇩🇪", 2), ("👩🏽‍🚀", 2), ("👨‍👩‍👧", 2), ("❤️", 2), ("❤", 1),
        ("1️⃣", 2), ("✅", 2), ("\u200b", 0), ("a\xadb", 3), ("…", 1),
    ],
)  # fmt: skip
def test_widths_are_those_of_a_terminal(text: str, cells: int) -> None:
    """A wide character takes two cells, what joins another none, an emoji of several two."""
    assert visible.width(text) == cells
    assert visible.clip(text, cells) == text
    assert visible.width(visible.clip(text + "x", cells)) <= cells


@given(FOREIGN | st.text(st.sampled_from("a1\u0301\ufe0f\u200d\u1161🏽👩作"), max_size=4))
def test_blanks_before_a_text_change_no_width(text: str) -> None:
    """A cell of a table is as wide in its row as alone, whatever it begins with."""
    text = visible.line(text)
    assert visible.width("x  " + text) == 3 + visible.width(text)


@given(st.text(max_size=8), st.integers(0, 8))
def test_what_is_clipped_fits(text: str, cells: int) -> None:
    """The beginning of a text is never wider than asked for, and nothing is lost that fits."""
    text = visible.line(text)
    cut = visible.clip(text, cells)
    assert text.startswith(cut)
    assert visible.width(cut) <= cells
    assert cut == text or visible.width(text) > cells


def test_a_byte_that_is_no_text_is_shown_as_one() -> None:
    """Bytes of file names that are not UTF-8 appear as they are written in Python."""
    assert visible.line("\udcff\x1b\n\u202e") == r"\xff\x1b\n\u202e"
    assert unicodedata.category("\u202e") == "Cf"
