"""A watch outlives connections, servers and expired versions; nothing is lost and nothing comes twice."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from product import until
from servers import ASKED, hangs_up, refuses, says, streams

from arena.errors import MissingOperator, NotAllowed, Unreachable
from arena.kube.endpoint import Endpoint
from arena.kube.pages import Selection
from arena.kube.transport import Transport
from arena.kube.waiting import Waiting
from arena.kube.watches import Watch
from arena.resources import CONFIGMAPS, PODS

GONE = refuses(410, "Expired", "too old resource version")


def pod(name: str, version: int, uid: str = "", **more) -> dict:
    meta = {"name": name, "namespace": "team-a", "uid": uid or name, "resourceVersion": str(version)}
    return {"metadata": meta, **more}


def listing(version: int, *pods: dict):
    return says(
        200,
        {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": str(version)}, "items": pods},
    )


def event(kind: str, one: dict) -> bytes:
    return json.dumps({"type": kind, "object": one}).encode() + b"\n"


def forever(handler) -> None:
    """A watch on which nothing happens until the client leaves."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.connection.settimeout(10)
    handler.connection.recv(1)
    handler.close_connection = True


def watching(stage, version: str | None = None, waiting: Waiting | None = None, fields: str = "") -> Watch:
    endpoint = Endpoint(server=stage.url)
    sender = Transport(lambda: endpoint, waiting)
    return Watch(sender, Selection(ASKED, PODS, "team-a", "", fields), version)


def told(watch: Watch, count: int) -> list[tuple[str, str, str]]:
    found = [next(watch) for _ in range(count)]
    return [(kind, one["metadata"]["name"], one["metadata"]["resourceVersion"]) for kind, one in found]


def versions(stage) -> list[str]:
    """The resourceVersion of each watch request."""
    asked = [path for _, path, _, _ in stage.requests if "watch=true" in path]
    return [path.partition("resourceVersion=")[2].partition("&")[0] for path in asked]


def no(verb: str):
    return refuses(403, "Forbidden", f'pods is forbidden: User "bob" cannot {verb} it')


def test_a_user_who_may_only_list(stage):
    """Who may not watch the objects hears of their changes all the same: they are listed again."""
    stage.answers = [
        listing(5, pod("a", 3)), no("watch"),
        listing(6, pod("a", 6)), no("watch"),
        listing(7), no("watch"), forever,
    ]  # fmt: skip
    with watching(stage) as watch:
        assert told(watch, 3) == [("ADDED", "a", "3"), ("MODIFIED", "a", "6"), ("DELETED", "a", "6")]


def test_a_user_who_may_only_get(stage):
    """Who may not list the objects gets the only one that is selected, and no other."""
    missing = refuses(404, "NotFound", "not found", details={"name": "a"})
    stage.answers = [
        no("list"),
        says(200, pod("a", 3)),
        no("watch"),
        no("list"),
        missing,
        no("watch"),
        forever,
    ]
    with watching(stage, fields="metadata.name=a") as watch:
        assert told(watch, 2) == [("ADDED", "a", "3"), ("DELETED", "a", "3")]
    stage.answers = [no("list")]
    for fields in ("", "metadata.name=a"):
        with watching(stage, fields=fields) as watch, pytest.raises(NotAllowed):
            next(watch)


@pytest.mark.parametrize("end", [True, False], ids=["ended", "cut"])
def test_a_dropped_connection_is_resumed_at_the_last_version(stage, end):
    """After a connection ends, in whatever way, the next one begins after the last event."""
    stage.answers = [
        listing(5, pod("a", 3)),
        streams(event("MODIFIED", pod("a", 6)), event("BOOKMARK", pod("", 9)), end=end),
        streams(event("ADDED", pod("b", 10)), event("DELETED", pod("a", 11)), end=end),
        forever,
    ]
    with watching(stage) as watch:
        assert told(watch, 4) == [
            ("ADDED", "a", "3"),
            ("MODIFIED", "a", "6"),
            ("ADDED", "b", "10"),
            ("DELETED", "a", "11"),
        ]
    assert versions(stage)[:2] == ["5", "9"]


def test_what_is_there_can_be_had_at_once(stage):
    """listed() returns all existing objects, and iteration continues from there."""
    stage.answers = [listing(5, pod("a", 3), pod("b", 4)), streams(event("DELETED", pod("a", 6))), forever]
    with watching(stage) as watch:
        assert [one["metadata"]["name"] for one in watch.listed()] == ["a", "b"]
        assert told(watch, 1) == [("DELETED", "a", "6")]


def test_half_an_event_is_not_an_event(stage):
    """A connection cut in the middle of a line is resumed before that line."""
    whole = event("ADDED", pod("b", 7))
    stage.answers = [listing(5), streams(whole[:20], end=False), streams(whole), forever]
    with watching(stage) as watch:
        assert told(watch, 1) == [("ADDED", "b", "7")]
    assert versions(stage)[:2] == ["5", "5"]


@pytest.mark.parametrize("how", ["status", "event"])
def test_differences_are_made_up_when_the_version_is_gone(stage, how):
    """After 410 Gone, the list is read again and only differences are reported, once."""
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    gone = GONE if how == "status" else streams(event("ERROR", status))
    stage.answers = [
        listing(5, pod("same", 1), pod("changed", 2), pod("removed", 3), pod("replaced", 4)),
        gone,
        listing(20, pod("same", 1), pod("changed", 12), pod("replaced", 13, uid="other"), pod("new", 14)),
        streams(event("DELETED", pod("new", 21))),
        forever,
    ]
    with watching(stage) as watch:
        assert len(told(watch, 4)) == 4
        assert sorted(told(watch, 5)) == [
            ("ADDED", "new", "14"),
            ("ADDED", "replaced", "13"),
            ("DELETED", "removed", "3"),
            ("DELETED", "replaced", "4"),
            ("MODIFIED", "changed", "12"),
        ]
        assert told(watch, 1) == [("DELETED", "new", "21")]


def test_a_list_that_broke_off_is_read_again(stage):
    """If a list fails between two pages, it is read again: every object is reported exactly once."""
    meta = {"resourceVersion": "5", "continue": "more"}
    stage.answers = [
        says(200, {"kind": "PodList", "metadata": meta, "items": [pod("a", 1), pod("b", 2)]}),
        GONE,
        listing(20, pod("b", 2), pod("c", 13)),
        forever,
    ]
    with watching(stage) as watch:
        assert told(watch, 4) == [
            ("ADDED", "a", "1"),
            ("ADDED", "b", "2"),
            ("ADDED", "c", "13"),
            ("DELETED", "a", "1"),
        ]
    assert versions(stage)[:1] in ([], ["20"])


def test_a_start_version_that_is_gone_loses_no_change(stage):
    """From a start version, a new list reports only later changes."""
    stage.answers = [GONE, listing(20, pod("known", 4), pod("changed", 12)), forever]
    with watching(stage, version="10") as watch:
        assert told(watch, 1) == [("ADDED", "changed", "12")]


def test_troubles_of_the_server_are_waited_out(stage):
    """5xx and refused connections in the middle of a watch are not the consumer's business."""
    busy = refuses(503, "ServiceUnavailable", "starting")
    stage.answers = [
        listing(5),
        streams(event("ADDED", pod("a", 6))),
        *[busy] * 5,
        hangs_up,
        streams(event("ADDED", pod("b", 7))),
        forever,
    ]
    with watching(stage) as watch:
        assert told(watch, 2) == [("ADDED", "a", "6"), ("ADDED", "b", "7")]


def test_a_server_that_stays_away_is_reported(stage):
    """Once the patience is used up the watch raises."""
    stage.answers = [listing(5, pod("a", 1)), streams(), refuses(503, "ServiceUnavailable", "away for good")]
    with watching(stage, waiting=Waiting(patience=0.5)) as watch:
        assert told(watch, 1)
        with pytest.raises(Unreachable, match="away for good"):
            next(watch)


def test_a_server_that_is_away_for_a_while_is_told_once(stage):
    """An outage of more than a second, and its end, are reported once for all watches of a cluster."""
    lines: list[str] = []
    connected: list = []
    waiting = Waiting(lost=lines.append)
    back = threading.Event()

    def answer(handler) -> None:
        if "watch=true" not in handler.path:
            return listing(5, pod("a", 1))(handler)
        connected.append(handler)
        if len(connected) <= 2:
            return streams()(handler)
        if not back.is_set():
            return refuses(503, "ServiceUnavailable", "away")(handler)
        return streams(event("ADDED", pod("b", 6)))(handler)

    stage.answers = [answer]
    with watching(stage, waiting=waiting) as one, watching(stage, waiting=waiting) as two:
        for watch in (one, two):
            assert told(watch, 1)
        with ThreadPoolExecutor(2) as pool:
            found = [pool.submit(told, watch, 1) for watch in (one, two)]
            until(lambda: lines, what="a line about the outage")
            back.set()
            assert [each.result() for each in found] == [[("ADDED", "b", "6")]] * 2
    assert [line[9:] for line in lines] == [
        'connection to cluster "test" lost, trying again for up to 600s',
        'connected to cluster "test" again',
    ]


@pytest.mark.parametrize("line", [
    b"[]",
    b'{"kind":"PodList","items":[]}',
    b'{"type":"ADDED"}',
    b'{"type":"ADDED","object":{"metadata":{}}}',
    b'{"type":"BOOKMARK","object":[]}',
    b'{"type":"ERROR","object":"no"}',
])  # fmt: skip
def test_what_is_no_event_is_said_at_once(stage, line):
    """A server that answers a watch with other JSON, such as a list, will not do better in a minute."""
    stage.answers = [listing(5), streams(event("ADDED", pod("a", 6)), line + b"\n"), forever]
    with watching(stage) as watch:
        assert told(watch, 1)
        with pytest.raises(Unreachable, match="something that is not the cluster's API"):
            next(watch)


@pytest.mark.parametrize(("answer", "error"), [
    (refuses(403, "Forbidden", 'pods is forbidden: User "u" cannot list'), NotAllowed),
    (says(404, "404 page not found"), MissingOperator),
    (refuses(503, "ServiceUnavailable", "no"), Unreachable),
])  # fmt: skip
def test_a_watch_that_never_began_raises_at_once(stage, answer, error):
    """What goes wrong before the first connection is not waited out."""
    stage.answers = [answer]
    start = time.monotonic()
    with pytest.raises(error):
        next(watching(stage))
    assert time.monotonic() - start < 60


def test_nothing_is_lost_over_restarts_of_the_api_server(local, local_api):
    """With a writer and three restarts of the server, the watch reports every object exactly once."""
    seen: list[str] = []
    watch = local.watch(CONFIGMAPS, "default", labels="part=restart")

    def follow() -> None:
        for kind, one in watch:
            seen.append(f"{kind} {one['metadata']['name']}")
            if one["metadata"]["name"] == "the-last":
                return

    follower = threading.Thread(target=follow)
    follower.start()
    names = [f"n{number}" for number in range(12)] + ["the-last"]
    for number, name in enumerate(names):
        if number % 4 == 3:
            local_api.stop()
            local_api.start()
        meta = {"name": name, "labels": {"part": "restart"}}
        local.create(CONFIGMAPS, "default", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    follower.join(60)
    watch.close()
    assert sorted(seen) == sorted(f"ADDED {name}" for name in names)
