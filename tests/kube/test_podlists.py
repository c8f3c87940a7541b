"""Many pods: read from tables and metadata if the server supports that, and each only once."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from servers import ASKED, Answer, Stage, refuses, says, streams, transport

from arena.kube import lists, podlists
from arena.kube.pages import Selection
from arena.kube.protobuf import Metadata
from arena.resources import ABRIDGED, PODS
from arena.wire import Malformed, fields

Object = dict[str, Any]
COLUMNS = ("Name", "Ready", "Status", "Restarts", "Age", "IP", "Node")


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


def field(number: int, value: bytes | int) -> bytes:
    """A field as protobuf writes it."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def envelope(items: list[bytes]) -> bytes:
    """A list as the API answers it in protobuf."""
    listed = field(1, field(2, b"7")) + b"".join(field(2, one) for one in items)
    return b"k8s\x00" + field(1, field(1, b"v1")) + field(2, listed) + field(3, b"") + field(4, b"")


def metadata(pod: Object) -> bytes:
    """The metadata of a pod in protobuf, with much that is not needed."""
    meta = pod["metadata"]
    names = (
        field(1, meta["name"].encode())
        + field(3, meta["namespace"].encode())
        + field(5, meta["uid"].encode())
    )
    times = field(8, field(1, 1_893_456_000))
    labels = b"".join(
        field(11, field(1, key.encode()) + field(2, value.encode())) for key, value in meta["labels"].items()
    )
    owner = field(13, field(3, b"bert") + field(4, b"u-bert") + field(6, 1))
    return names + times + labels + owner + field(17, b"x" * 3000)


class Pods:
    """A server with some pods that answers in every form, except those that a test refuses."""

    def __init__(self, stage: Stage, pods: list[Object]) -> None:
        self.stage = stage
        self.pods = pods
        self.order = pods
        self.refuses: str = ""
        """A part of what is accepted, or of a path, that it refuses."""
        self.counts = True
        """Whether it says how many objects remain, as it does without selectors."""
        self.rows: list[list[Any]] = [row(one) for one in pods]
        stage.answers = [self._answer]

    def read(self) -> list[Object]:
        """The pods as the gateway reads them."""
        return list(lists.pods(transport(self.stage.url), Selection(ASKED, PODS, None, "", "")))

    @property
    def asked(self) -> list[str]:
        """The requests that were made: what was accepted, and the path."""
        return [f"{headers['Accept']} {path}" for _, path, headers, _ in self.stage.requests]

    def _answer(self, handler: Any) -> None:
        accept, (path, _, query) = handler.headers["Accept"], handler.path.partition("?")
        given = {key: values[0] for key, values in parse_qs(query).items()}
        if self.refuses and self.refuses in f"{accept} {path}":
            refuses(406, "NotAcceptable", "no such form")(handler)
        elif path.startswith("/api/v1/nodes"):
            table(("Name", "Internal-IP"), [["node-1", "10.0.0.1"]])(handler)
        elif "as=Table" in accept:
            table(COLUMNS, self.rows)(handler)
        elif "as=PartialObjectMetadataList" in accept:
            body = envelope([field(1, metadata(one)) for one in self.order])
            says(200, body, Content_Type="application/vnd.kubernetes.protobuf")(handler)
        elif path.count("/") > 3:
            place = tuple(path.split("/")[4::2])
            found = (
                one for one in self.pods if (one["metadata"]["namespace"], one["metadata"]["name"]) == place
            )
            says(200, next(found))(handler)
        else:
            self._list(given)(handler)

    def _list(self, given: dict[str, str]) -> Answer:
        found = self.pods
        if "fieldSelector" in given:
            found = [one for one in found if one["status"]["phase"] not in ("Running", "Succeeded")]
        first = int(given.get("continue") or 0)
        last = first + int(given.get("limit") or len(found))
        counted = {"remainingItemCount": len(found) - last} if self.counts else {}
        meta = {"continue": str(last), **counted} if last < len(found) else {}
        body = {"kind": "PodList", "apiVersion": "v1", "metadata": meta, "items": found[first:last]}
        return says(200, json.dumps(body, separators=(",", ":")))


def table(columns: tuple[str, ...], rows: list[list[Any]]) -> Answer:
    """A table without objects."""
    head = [{"name": one, "description": 'a "rows":[ in a text'} for one in columns]
    cells = [{"cells": one, "object": None} for one in rows]
    return says(200, {"kind": "Table", "columnDefinitions": head, "rows": cells})


def pod(number: int, phase: str = "Running", namespace: str = "team-a") -> Object:
    """A pod as a server has it."""
    meta = {"name": f"bert-worker-{number}", "namespace": namespace, "uid": f"u-{namespace}-{number}"}
    state = {"running": {}} if phase == "Running" else {"terminated": {"exitCode": 0, "reason": "Completed"}}
    status = {
        "phase": phase,
        "containerStatuses": [{"name": "main", "ready": phase == "Running", "state": state}],
    }
    return {
        "metadata": {**meta, "labels": {"job-name": "bert", "index": str(number)}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main"}]},
        "status": status if phase in ("Running", "Succeeded") else {"phase": phase},
    }


def row(pod: Object) -> list[Any]:
    """A pod's row in a table."""
    phase = pod["status"]["phase"]
    status = {"Succeeded": "Completed", "Failed": "Error"}.get(phase, phase)
    ready = "1/1" if phase == "Running" else "0/1"
    return [pod["metadata"]["name"], ready, status, "2 (5m ago)", "5m", "10.1.1.1", "node-1"]


@pytest.fixture
def many(stage: Stage) -> Pods:
    phases = ["Running"] * 7 + ["Succeeded"] * 2 + ["Failed"]
    return Pods(stage, [pod(number, phases[number % 10]) for number in range(300)])


def uids(found: list[Object]) -> list[str]:
    return sorted(one["metadata"]["uid"] for one in found)


def test_few_pods_are_read_in_one_request(stage: Stage) -> None:
    """Pods that fit into the first page are read whole, and nothing else is asked."""
    few = Pods(stage, [pod(number) for number in range(100)])
    assert few.read() == [{**one, "kind": "Pod", "apiVersion": "v1"} for one in few.pods]
    assert len(few.asked) == 1


def test_many_pods_are_abridged(many: Pods) -> None:
    """Behind the first, pods that run or have succeeded are abridged; those that failed are whole."""
    found = many.read()
    assert uids(found) == uids(many.pods)
    by_uid = {one["metadata"]["uid"]: one for one in found}
    assert {one["status"]["phase"] for one in found if ABRIDGED not in one} >= {"Failed"}
    assert not any("/pods/" in asked for asked in many.asked)
    container = {"name": "", "ready": True, "restartCount": 2, "state": {"running": {}}}
    assert by_uid["u-team-a-200"] == {
        "metadata": {
            "name": "bert-worker-200",
            "namespace": "team-a",
            "uid": "u-team-a-200",
            "labels": {"job-name": "bert", "index": "200"},
            "ownerReferences": [
                {"kind": "", "name": "bert", "uid": "u-bert", "apiVersion": "", "controller": True}
            ],
            "creationTimestamp": "2030-01-01T00:00:00Z",
        },
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Running", "hostIP": "10.0.0.1", "containerStatuses": [container]},
        ABRIDGED: True,
    }


@pytest.mark.parametrize("refused", ["", "as=Table"])
def test_pods_after_a_long_list(many: Pods, refused: str) -> None:
    """After a long list, all pods come from the cache at once, or whole if the server refuses that."""
    at = transport(many.stage.url)
    where = Selection(ASKED, PODS, None, "", "")
    next(lists.objects(at, where))
    many.stage.requests.clear()
    many.refuses = refused
    found = list(lists.pods(at, where))
    assert uids(found) == uids(many.pods)
    assert any(ABRIDGED in one for one in found) is not bool(refused)
    assert any("limit=" in asked for asked in many.asked) is bool(refused)


@pytest.mark.parametrize(
    ("number", "counts", "asked"),
    [
        (20, True, ["limit=20"]),
        (21, True, ["limit=20", "limit=80"]),
        (100, True, ["limit=20", "limit=80"]),
        (101, True, ["limit=20", "the rest", "resourceVersion=0"]),
        (21, False, ["limit=20", "limit=80"]),
        (101, False, ["limit=20", "limit=80", "the rest", "resourceVersion=0"]),
    ],
)
def test_objects_of_which_there_may_be_many(
    stage: Stage, number: int, counts: bool, asked: list[str]
) -> None:
    """A hundred objects are read as they are now; the rest of a long list comes from the cache, each once."""
    many = Pods(stage, [pod(one) for one in range(number)])
    many.counts = counts
    steps = many.stage.requests
    found = list(
        lists.objects(
            transport(stage.url),
            Selection(ASKED, PODS, None, "", ""),
            lambda: steps.append(("", "the rest", {}, b"")),
        )
    )
    assert uids(found) == uids(many.pods)
    told = [path.partition("?")[2].partition("&")[0] or path for _, path, _, _ in steps]
    assert told == asked


@pytest.mark.parametrize("refused", ["as=Table", "as=PartialObject", "/nodes", "/pods?resourceVersion"])
def test_a_server_without_a_form_is_asked_for_whole_pods(many: Pods, refused: str) -> None:
    """Where the server refuses a form, or its nodes, every pod is read whole, and once."""
    many.refuses = refused
    found = many.read()
    assert uids(found) == uids(many.pods)


@pytest.mark.parametrize("kept", [0, 10, 3000])
def test_an_answer_that_is_cut_short(many: Pods, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An incomplete list is not mistaken for a complete one: the rest is read in the usual way."""
    whole = envelope
    monkeypatch.setitem(globals(), "envelope", lambda items: whole(items)[:kept])
    assert uids(many.read()) == uids(many.pods)


def test_an_order_that_differs(many: Pods) -> None:
    """A server that gives rows and metadata in different orders has them joined by name."""
    many.order = many.pods[::-1]
    many.pods[200]["status"] = pod(200, "Succeeded")["status"]
    many.rows = [row(one) for one in many.pods]
    found = {one["metadata"]["uid"]: one for one in many.read()}
    assert found["u-team-a-200"]["status"]["phase"] == "Succeeded"
    assert uids(list(found.values())) == uids(many.pods)
    assert not any("/pods/" in asked for asked in many.asked)


@pytest.mark.parametrize("reverse", [False, True], ids=["same-order", "other-order"])
def test_names_that_are_the_same_in_two_namespaces(stage: Stage, reverse: bool) -> None:
    """Rows bear no namespace: the order tells of which pod one is, and where it does not, the pod itself."""
    phases = ("Running", "Succeeded")
    pods = [pod(n, phase, place) for phase, place in zip(phases, "ab", strict=True) for n in range(150)]
    many = Pods(stage, pods)
    many.order = pods[::-1] if reverse else pods
    found = {one["metadata"]["uid"]: one["status"]["phase"] for one in many.read()}
    assert found == {one["metadata"]["uid"]: one["status"]["phase"] for one in pods}


def test_a_row_that_is_missing(many: Pods) -> None:
    """A pod that came between the two requests has no row, and is read by itself."""
    missing = many.pods[200]["metadata"]["name"]
    many.rows = [one for one in many.rows if one[0] != missing]
    found = {one["metadata"]["uid"]: one for one in many.read()}
    assert ABRIDGED not in found["u-team-a-200"]
    assert ABRIDGED in found["u-team-a-201"]
    assert sum("/pods/" in asked for asked in many.asked) == 1


@pytest.mark.parametrize("status", ["Terminating", "CrashLoopBackOff", "NotReady", "Unknown"])
def test_a_row_that_does_not_tell_enough(many: Pods, status: str) -> None:
    """If a table cannot explain the status of a pod, the whole pod is requested."""
    many.rows[200][2] = status
    found = {one["metadata"]["uid"]: one for one in many.read()}
    assert ABRIDGED not in found["u-team-a-200"]


def test_rows_that_do_not_tell_enough_of_very_many(many: Pods) -> None:
    """If too many pods would be requested one by one, all are listed whole instead."""
    many.pods += [pod(number) for number in range(300, 600)]
    many.rows = [["x", *row(one)[1:2], "Terminating", 0, "5m", "", "node-1"] for one in many.pods]
    found = many.read()
    assert uids(found) == uids(many.pods)
    assert not any(ABRIDGED in one for one in found)
    assert not any("/pods/" in asked for asked in many.asked)


def test_requests_of_pods(stage: Stage) -> None:
    """What containers request is read from protobuf, and from JSON where the server prefers that."""
    amounts = {"nvidia.com/gpu": "2", "cpu": "500m"}
    entries = b"".join(
        field(1, field(1, key.encode()) + field(2, field(1, value.encode())))
        for key, value in amounts.items()
    )
    spec = (
        field(2, field(1, b"main") + field(8, entries)) + field(10, b"node-1") + field(20, field(1, b"init"))
    )
    body = envelope([field(1, b"") + field(2, spec) + field(3, b"")] * 3)
    stage.answers = [says(200, body, Content_Type="application/vnd.kubernetes.protobuf")]
    read = list(podlists.requests(transport(stage.url), Selection(ASKED, PODS, None, "", "")))
    main = {"resources": {"limits": amounts, "requests": {}}}
    init = {"resources": {"limits": {}, "requests": {}}}
    assert read == [{"spec": {"nodeName": "node-1", "containers": [main], "initContainers": [init]}}] * 3
    stage.answers = [says(200, {"items": [pod(1), pod(2)]})]
    plain = podlists.requests(transport(stage.url), Selection(ASKED, PODS, None, "", ""))
    assert list(plain) == [pod(1), pod(2)]


def test_names(many: Pods) -> None:
    """Names are read in one request: from a table, or from objects if the server has no tables."""
    wanted = [one["metadata"]["name"] for one in many.pods]
    assert list(podlists.names(transport(many.stage.url), Selection(ASKED, PODS, None, "", ""))) == wanted
    assert len(many.asked) == 1
    many.stage.answers = [says(200, {"kind": "PodList", "items": many.pods})]
    assert list(podlists.names(transport(many.stage.url), Selection(ASKED, PODS, None, "", ""))) == wanted


def test_elements_that_hold_others(stage: Stage) -> None:
    """Objects are told apart wherever the pieces of an answer end, also those that hold similar objects."""
    inner = [{"metadata": {"name": f'a }},{{"metadata":{n}'}} for n in range(3)]
    items = [{"metadata": {"name": str(n)}, "templates": inner * (n % 3)} for n in range(40)]
    text = json.dumps({"kind": "List", "items": items}, separators=(",", ":")).encode()
    for size in (1, 100, 1000, len(text)):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        stage.answers = [streams(*pieces)]
        answer = podlists.ask(transport(stage.url), Selection(ASKED, PODS, None, "", ""))
        assert list(answer.elements("items")) == items


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05ab", b"\x0b", b"\xff" * 11, b"\x08\x80"])
def test_what_is_no_message(data: bytes) -> None:
    """Bytes that are no protobuf, or end early, are an error and no half of a message."""
    with pytest.raises(Malformed):
        list(fields(data))


@pytest.mark.parametrize(
    "item",
    [
        b"",
        b"\x12\x02\x0a\x00",
        b"\x0a",
        b"\x0a\x05\x0a\x01a",
        b"\x0a\x03\x0a\x02a",
        b"\x0a\x02\x0a\x05abcde",
        b"\x0a\x02\x0d\x00",
        b"\x0a\x0d\x42\x0b\x08" + b"\xff" * 9 + b"\x01",
    ],
    ids=["empty", "other field", "no size", "cut", "cut text", "text behind it", "other type", "no time"],
)
def test_what_is_no_metadata(item: bytes) -> None:
    """An object whose metadata are no message, or not whole, is an error and no half of a pod."""
    with pytest.raises(Malformed):
        Metadata().decode(item)
