"""Lists in pages: whole, in order, however the server writes them and whatever happens between two pages."""

import json
import threading
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from servers import ASKED, Answer, Stage, hangs_up, refuses, says, transport

from arena.errors import Conflict, NotAllowed, Unreachable
from arena.kube.pages import Page, Selection, pages
from arena.resources import PODS


def page(*names: str, token: str = "", late: bool = False) -> Answer:
    """Some pods; with `late` the list tells of itself behind them, as it does for defined types."""
    meta = {"resourceVersion": "5", **({"continue": token} if token else {})}
    head = {"kind": "PodList", "apiVersion": "v1", "metadata": meta}
    items = [{"metadata": {"name": name}} for name in names]
    data = {"items": items, **head} if late else {**head, "items": items}
    return says(200, json.dumps(data, separators=(",", ":")))


def listing(stage: Stage) -> Iterator[Page]:
    return pages(transport(stage.url), Selection(ASKED, PODS, "team-a", "", ""))


def names(found: Iterator[Page]) -> list[str]:
    return [one["metadata"]["name"] for each in found for one in each.objects]


def tokens(stage: Stage) -> list[str]:
    """The parameters of the request for each page."""
    return [path.partition("continue=")[2].partition("&")[0] for _, path, _, _ in stage.requests]


@pytest.mark.parametrize("late", [False, True], ids=["built-in", "defined"])
def test_every_page_is_read_once_and_in_order(stage: Stage, late: bool) -> None:
    """Each page is requested once, with the token of the previous one, and has the type of the list."""
    stage.answers = [page(str(n), token=f"t{n}" if n < 4 else "", late=late) for n in range(5)]
    found = list(listing(stage))
    assert names(iter(found)) == list("01234")
    assert tokens(stage) == ["", "t0", "t1", "t2", "t3"]
    assert {(one["kind"], one["apiVersion"]) for each in found for one in each.objects} == {("Pod", "v1")}


def askers() -> set[threading.Thread]:
    """The threads that ask ahead."""
    return {one for one in threading.enumerate() if one.name.startswith("ThreadPoolExecutor")}


def test_who_reads_one_page_asks_for_one(stage: Stage) -> None:
    """No page is requested in advance before a reader continues after the first page."""
    stage.answers = [page("a", token="t"), page("b")]
    before, found = askers(), listing(stage)
    assert names(islice(found, 1)) == ["a"]
    assert (askers() - before, len(stage.requests)) == (set(), 1)


def test_the_next_page_comes_while_one_is_read(stage: Stage) -> None:
    """From the second page on, the next one is requested before a page is returned."""
    asked = threading.Event()

    def third(handler: Any) -> None:
        asked.set()
        page("c")(handler)

    stage.answers = [page("a", token="t1"), page("b", token="t2"), third]
    found = listing(stage)
    assert names(islice(found, 2)) == ["a", "b"]
    assert asked.wait(60)
    assert names(found) == ["c"]


@pytest.mark.parametrize("read", [0, 1, 2])
def test_a_list_whose_token_expired_goes_on(stage: Stage, read: int) -> None:
    """A slow reader's list continues after the last page, with the token of the refusal."""
    gone = refuses(410, "Expired", "too old", metadata={"continue": "new"})
    stage.answers = [*(page(str(n), token=f"t{n}") for n in range(read + 1)), gone, page("z")]
    assert names(listing(stage)) == [*map(str, range(read + 1)), "z"]
    assert tokens(stage)[-1] == "new"


@pytest.mark.parametrize(("trouble", "error"), [
    (refuses(410, "Expired", "too old"), Conflict),
    (refuses(410, "Expired", "too old", metadata={"continue": "always"}), Conflict),
    (refuses(403, "Forbidden", "no longer"), NotAllowed),
    (says(200, "<html>"), Unreachable),
    (says(200, {"items": "x"}), Unreachable),
    (says(200, {"items": [{"metadata": {}}]}), Unreachable),
    (says(200, {"items": [], "metadata": ["x"]}), Unreachable),
    (hangs_up, Unreachable),
])  # fmt: skip
@pytest.mark.parametrize("read", [0, 2])
def test_a_page_that_fails_is_an_error(stage: Stage, trouble: Answer, error: type, read: int) -> None:
    """No half of a list passes for the whole one, however far it was read."""
    stage.answers = [*(page(str(n), token=f"t{n}") for n in range(read)), trouble]
    with pytest.raises(error):
        names(listing(stage))


def test_who_stops_reading_waits_for_nothing(stage: Stage) -> None:
    """A list that is given up, as by Ctrl-C, ends at once, though a page is still to come."""
    left = threading.Event()

    def hangs(handler: Any) -> None:
        left.wait(100)

    stage.answers = [page("a", token="t1"), page("b", token="t2"), hangs]
    found = listing(stage)
    assert names(islice(found, 2)) == ["a", "b"]
    start = time.monotonic()
    found.close()
    assert time.monotonic() - start < 50
    left.set()
