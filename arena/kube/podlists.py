"""Lists of many pods, read in the cheapest form that the answer needs.

The first pods of a list are read whole (`lists`), and often these are all. After them, a list is read twice
from the server's cache: as a table without objects (status, readiness and node of each pod) and as metadata
alone in protobuf (labels and owners). The two are joined into pods that are abridged; pods for which the
table is not sufficient are read whole. If a server refuses any of this, or answers in another form, whole
pods are requested instead.

An abridged pod runs, or its only container has completed. It has its metadata except annotations,
`spec.nodeName` and `status` with phase, hostIP and one container that stands for all of them; it lacks the
containers of its spec and their requests. The key `ABRIDGED` distinguishes it from a whole one.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from arena import foreign_json
from arena.errors import NotFound
from arena.kube.lists import uid
from arena.kube.pages import Selection
from arena.kube.protobuf import Metadata, Requests
from arena.kube.streaming import PROTOBUF, Answer
from arena.kube.transport import Request, Transport
from arena.parallel import ThreadPool
from arena.resources import ABRIDGED, NODES, PODS
from arena.tuples import NamedTuple

Object = dict[str, Any]

DOUBTFUL = 200
"""Maximum number of pods to read whole one by one; if there are more, the whole list is read again."""
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
METADATA = f"{PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
UNUSUAL = "status.phase!=Running,status.phase!=Succeeded"
"""Selects the pods whose reasons a table does not show."""
_NEARBY = (0, 1, -1, 2, -2, 3, -3, 4, -4)
"""Offsets from the expected place at which the row of a pod is looked for first."""


class Row(NamedTuple):
    """The row of a pod in a table."""

    ready: str
    """`1/2`: ready containers and all containers."""
    status: str
    restarts: int
    node: str


def cached(transport: Transport, selection: Selection, seen: set[str]) -> Iterator[Object]:
    """The pods of a selection from the server's cache, without those whose uids are in `seen`.

    Raises:
        ArenaError, ValueError, LookupError, TypeError: the server answers in another form.
    """
    return _Cached(transport, selection).pods(seen)


def requests(transport: Transport, selection: Selection, placing: bool = False) -> Iterator[Object]:
    """The pods of a selection with at least their nodes and the requests of their containers.

    They come from the server's cache, so they may be a moment old.

    Args:
        placing: whether to include all that a scheduler looks at (`scheduled_pods`).
    """
    answer = ask(transport, selection, f"{PROTOBUF},application/json")
    if not answer.is_protobuf:
        return answer.elements("items")
    if not placing:
        return map(Requests().decode, answer.items())
    from arena.kube.scheduled_pods import ScheduledPods

    return map(ScheduledPods().decode, answer.items())


def names(transport: Transport, selection: Selection) -> Iterator[str]:
    """The names of the objects of a selection, from a table if the server can produce one."""
    answer = ask(transport, selection, f"{TABLE},application/json", includeObject="None")
    for one in answer.elements("rows|items"):
        yield str(one["cells"][0] if "cells" in one else one["metadata"]["name"])


def ask(transport: Transport, selection: Selection, accept: str = "application/json", **query: str) -> Answer:
    """Request a whole selection from the server's cache; the answer is still to be read."""
    query = {**selection.query, "resourceVersion": "0", **query}
    path = selection.resource.path(selection.namespace)
    return Answer(transport, Request(selection.asked, "GET", path, query, accept=accept))


class Rows:
    """The rows of a table without objects, looked up by the names of their pods."""

    def __init__(self, rows: list[tuple[str, Row]]) -> None:
        self._rows = rows
        self._at = 0
        self._in_step = True
        self._by_name: dict[str, Row | None] | None = None

    def of(self, name: str) -> Row | None:
        """The row of the next pod; None if there is none or it is ambiguous.

        Lists of one server usually have the same order. If several namespaces have the same name, only the
        order determines the row.
        """
        for step in _NEARBY if self._in_step else ():
            at = self._at + step
            if 0 <= at < len(self._rows) and self._rows[at][0] == name:
                self._at = at + 1
                return self._rows[at][1]
        self._in_step = False
        return self._unique().get(name)

    def _unique(self) -> dict[str, Row | None]:
        if self._by_name is None:
            self._by_name = {}
            for name, row in self._rows:
                known = self._by_name.setdefault(name, row)
                if known != row:
                    self._by_name[name] = None
        return self._by_name


class _Cached:
    """A reading of pods from the server's cache, with several requests at once."""

    def __init__(self, transport: Transport, selection: Selection) -> None:
        self._transport = transport
        self._selection = selection
        self._lock = threading.Lock()
        self._answers: list[Answer] | None = []

    def pods(self, seen: set[str]) -> Iterator[Object]:
        """Yield the pods whose uids are not in `seen`, and add them to it."""
        pool = ThreadPool(4)
        try:
            table, metadata = pool.submit(self._rows), pool.submit(self._metadata)
            states = _States(pool.submit(self._addresses).result())
            answer, rows = metadata.result(), table.result()
            # The server prepares these while most others are read.
            unusual = pool.submit(self._unusual)
            doubtful: dict[str, tuple[str, str]] = {}
            for meta, row in _joined(answer, rows, seen):
                state = states[row]
                if state is None or "deletionTimestamp" in meta:
                    doubtful[meta["uid"]] = meta["namespace"], meta["name"]
                else:
                    yield {"metadata": meta, **state}
            for pod in unusual.result():
                doubtful.pop(uid(pod), None)
                if uid(pod) not in seen:
                    yield pod
            if len(doubtful) > DOUBTFUL:
                raise LookupError("the table is not sufficient for too many pods")
            yield from filter(None, pool.map(self._whole, doubtful.items()))
        finally:
            pool.close()
            self._close()

    def _ask(self, selection: Selection, accept: str = "application/json", **query: str) -> Answer:
        """An answer that is closed at the end, even if it was not read completely."""
        answer = ask(self._transport, selection, accept, **query)
        with self._lock:
            if self._answers is None:
                answer.close()
            else:
                self._answers.append(answer)
        return answer

    def _close(self) -> None:
        with self._lock:
            answers, self._answers = self._answers or (), None
        for one in answers:
            one.close()

    def _metadata(self) -> Answer:
        return self._ask(self._selection, METADATA)

    def _rows(self) -> Rows:
        answer = self._ask(self._selection, TABLE, includeObject="None")
        table = _table(answer, "Name", "Ready", "Status", "Restarts", "Node")
        known: dict[Row, Row] = {}
        rows = []
        for name, ready, status, restarts, node in table:
            row = Row(ready, status, int(str(restarts).partition(" ")[0]), node)
            rows.append((name, known.setdefault(row, row)))
        return Rows(rows)

    def _addresses(self) -> dict[str, str]:
        """The internal addresses of the nodes by their names."""
        asked = self._selection.asked._replace(resource=NODES, namespace=None)
        answer = self._ask(Selection(asked, NODES, None, "", ""), TABLE, includeObject="None")
        return dict(_table(answer, "Name", "Internal-IP"))

    def _unusual(self) -> Iterator[Object]:
        fields = ",".join(filter(None, (self._selection.fields, UNUSUAL)))
        return self._ask(self._selection._replace(fields=fields)).elements("items")

    def _whole(self, known: tuple[str, tuple[str, str]]) -> Object | None:
        """The whole pod with this uid, namespace and name; None if it is gone."""
        own, (namespace, name) = known
        asked = self._selection.asked._replace(namespace=namespace, name=name)
        try:
            pod = self._transport.json(Request(asked, "GET", PODS.path(namespace, name)))
        except NotFound:
            return None
        return pod if uid(pod) == own else None


def _table(answer: Answer, *columns: str) -> Iterator[tuple[Any, ...]]:
    """The cells of these columns, row by row.

    Raises:
        ValueError: it is not a table with these columns.
    """
    chosen: Callable[[Sequence[Any]], tuple[Any, ...]] | None = None
    for rows in answer.batches("rows"):
        if chosen is None:
            head = foreign_json.loads(f"{answer.head}]}}")
            titles = [str(one.get("name")) for one in head.get("columnDefinitions", ())]
            chosen = itemgetter(*map(titles.index, columns))
        yield from [chosen(row["cells"]) for row in rows]


def _joined(answer: Answer, rows: Rows, seen: set[str]) -> Iterator[tuple[Object, Row | None]]:
    """The metadata and the row of each pod that has not been seen."""
    decode = Metadata().decode
    for item in answer.items():
        meta = decode(item)
        row = rows.of(meta["name"])
        if meta["uid"] not in seen:
            yield meta, row


class _States(dict[Row | None, Object | None]):
    """What abridged pods with the same row have in common; None if their row is not sufficient.

    Args:
        hosts: the addresses of the nodes by their names.
    """

    def __init__(self, hosts: Mapping[str, str]) -> None:
        super().__init__({None: None})
        self._hosts = hosts

    def __missing__(self, row: Row) -> Object | None:
        made = self[row] = self._made(row) if row.node in self._hosts else None
        return made

    def _made(self, row: Row) -> Object | None:
        ready, _, count = row.ready.partition("/")
        if row.status == "Running" and (ready == count or row.ready == "0/1"):
            phase, state = "Running", _RUNNING
        elif row.status == "Completed" and row.ready == "0/1":
            phase, state = "Succeeded", _COMPLETED
        else:
            return None
        container = {"name": "", "ready": ready == count, "restartCount": row.restarts, "state": state}
        status = {"phase": phase, "hostIP": self._hosts[row.node], "containerStatuses": [container]}
        return {"spec": {"nodeName": row.node}, "status": status, ABRIDGED: True}


_RUNNING: Object = {"running": {}}
_COMPLETED: Object = {"terminated": {"exitCode": 0, "reason": "Completed"}}
