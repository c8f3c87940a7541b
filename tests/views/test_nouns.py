"""Nouns: one description of a type of value gives every format of its list and its page."""

import json
from datetime import datetime, timedelta, timezone

import pytest
import yaml

from arena.model.events import Event
from arena.values import frozen
from arena.views.noun import FORMATS, Layout, Noun, text_of_all, text_of_one
from arena.views.table import Column

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


@frozen
class Box:
    """A value to show."""

    name: str
    namespace: str = "default"
    size: int = 1


BOXES: Noun[Box] = Noun(
    plural="boxes",
    columns=(
        Column("NAMESPACE", lambda one, now: one.namespace, everywhere=True),
        Column("NAME", lambda one, now: one.name),
        Column("SIZE", lambda one, now: one.size, wide=True),
        Column("LAST CHECKED", lambda one, now: now.year, short="SEEN"),
    ),
    data=lambda one, now: {"name": one.name, "size": one.size},
    page=lambda one, now: f"Name: {one.name}",
    footer=lambda boxes, width: f"{'-' * width}\n{sum(one.size for one in boxes)}",
)
ROWS = [Box(name="a"), Box(name="b", size=2)]
EVENT = Event(
    subject="pod/a", type="Normal", reason="Pulled", message="m", last=NOW - timedelta(minutes=3), count=2
)


def listed(**layout: object) -> str:
    return text_of_all(BOXES, ROWS, Layout(now=NOW, **layout))  # type: ignore[arg-type]


def test_a_table_shows_columns_by_format_and_scope() -> None:
    """A table has the plain columns, wide ones with -o wide, and the namespace where there are several."""
    assert listed() == "NAME  LAST CHECKED\na     2030\nb     2030\n------------------\n3"
    assert listed(form="wide").split("\n")[0] == "NAME  SIZE  LAST CHECKED"
    assert listed(everywhere=True).split("\n")[1] == "default    a     2030"
    assert listed(width=12).split("\n")[0] == "NAME  SEEN"


def test_data_and_names_do_not_depend_on_columns() -> None:
    """JSON and YAML are made from the data of each value, and -o name from its name."""
    assert json.loads(listed(form="json")) == [{"name": "a", "size": 1}, {"name": "b", "size": 2}]
    assert yaml.safe_load(listed(form="yaml")) == json.loads(listed(form="json"))
    assert listed(form="name") == "a\nb"


@pytest.mark.parametrize("form", FORMATS)
def test_events_follow_the_page(form: str) -> None:
    """Events are a section of the page and a key of the data, and are left out where none were read."""
    layout = Layout(now=NOW, form=form)
    bare, full = (text_of_one(BOXES, ROWS[0], layout, events) for events in (None, [EVENT]))
    if form == "name":
        assert bare == full == "a"
    elif form in ("json", "yaml"):
        assert yaml.safe_load(bare) == {"name": "a", "size": 1}
        assert yaml.safe_load(full)["events"][0]["lastTimestamp"] == "2030-01-01T11:57:00Z"
    else:
        assert bare == "Name: a"
        assert full.startswith("Name: a\n\nEvents:\n  SOURCE")
        assert full.endswith("3m   [Pulled] m (x2)")
        assert text_of_one(BOXES, ROWS[0], layout, []) == "Name: a\n\nEvents:\n  No events"
