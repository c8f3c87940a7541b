"""The way to a serving of a cluster, and requests on it."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from product import Product, product, program, quoted, until

from arena.actions.serving.bench.bench import bench
from arena.actions.serving.endpoint import endpoint
from arena.actions.serving.find import serving
from arena.actions.serving.predict import predict
from arena.errors import SpecError, Unreachable
from arena.labels import SERVING_NAME, SERVING_VERSION
from arena.model.benchmarks import Load
from arena.model.servings import Serving
from arena.resources import SERVICES
from arena.session import Session, connect
from arena.values import replace

SERVER = """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path == "/pid":
            return self.answer(200, {"pid": os.getpid()})
        known = self.path == "/v1/models"
        self.answer(200 if known else 404, {"models": ["digits"]} if known else {"error": "unknown"})

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        self.answer(200, {"predictions": [FACTOR * sum(row) for row in rows]})

    def answer(self, status, data):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A local cluster with two versions of a serving that answer."""
    with product(tmp_path_factory.mktemp("home")) as one:
        for version, factor in (("1", 1), ("2", 10)):
            path = one.home / f"serve{version}.py"
            program(path, SERVER.replace("FACTOR", str(factor)))
            words = ("--name", "digits", "--version", version, "--restful-port", "8080")
            one.must("serve", "custom", *words, quoted(path))
        until(lambda: sorted(available(one)) == [1, 1], what="both versions")
        yield one


def available(arena: Product) -> list[int]:
    return [one["availableInstances"] for one in json.loads(arena.must("serve", "list", "-o", "json"))]


@pytest.fixture
def session(arena: Product) -> Session:
    return connect(kubeconfig=str(arena.state / "kubeconfig"), environ={}, folder=arena.home)


def found(session: Session, version: str) -> Serving:
    return serving(session, "digits", version=version)


def test_the_local_cluster(session: Session) -> None:
    """On the local cluster the way is the Service's own port on the loopback, another for each version."""
    urls = []
    for version in ("1", "2"):
        one = found(session, version)
        with endpoint(session, one) as way:
            assert way.url == one.url
            assert way.remark == ""
            urls.append(way.url)
    assert urls[0] != urls[1]


def test_versions_answer_by_name(arena: Product, session: Session) -> None:
    """A name with a version reaches that version, in Python and on the command line."""
    assert predict(session, "digits@1", [[1, 2]]).answer == [3]
    assert predict(session, "digits@2", [[1, 2]]).answer == [30]
    assert arena.must("serve", "predict", "digits", "-v", "2", "[[1, 2]]") == "30\n"
    with pytest.raises(SpecError, match="has several versions"):
        predict(session, "digits", [[1, 2]])


def test_versions_are_measured_side_by_side(session: Session) -> None:
    """A benchmark of two versions measures each by its name, without an error."""
    both = bench(session, ["digits@1", "digits@2"], [[[1, 2]]], Load(rps=40.0, duration=1.0, warmup=0.0))
    assert [(one.name, one.succeeded, one.failed) for one in both] == [
        ("digits@1", 40, 0),
        ("digits@2", 40, 0),
    ]


def elsewhere(one: Serving) -> Serving:
    """The serving as on a cluster whose Services have no port on this machine."""
    return replace(one, endpoints=tuple(replace(port, local_port=0) for port in one.endpoints))


def test_any_other_cluster(session: Session) -> None:
    """Elsewhere a port of this machine leads to a ready pod, for the block, and the user is told so."""
    with endpoint(session, elsewhere(found(session, "2"))) as way:
        assert "API server" in way.remark
        assert predict(session, way.url, [[1, 2]]).answer == [30]
        url = way.url
    with pytest.raises(Unreachable, match="connection refused"):
        predict(session, url, [[1, 2]])


def test_connections_take_turns(arena: Product, session: Session) -> None:
    """Elsewhere, the connections of the forwarded port go to all ready pods in turn."""
    arena.must("serve", "scale", "digits", "-v", "2", "--replicas", "2", "--wait")
    with endpoint(session, elsewhere(found(session, "2"))) as way:
        assert len({whose(way.url) for _ in range(4)}) == 2
    arena.must("serve", "scale", "digits", "-v", "2", "--replicas", "1", "--wait")


def whose(url: str) -> int:
    """The process that answers a connection."""
    with urllib.request.urlopen(f"{url}/pid", timeout=10) as answer:
        return int(json.load(answer)["pid"])


def test_in_a_pod_of_the_cluster(session: Session) -> None:
    """In a pod of the cluster the way is the Service of the version, by its name in the cluster."""
    there = elsewhere(found(session, "2"))
    session.__dict__["origin"] = replace(session.origin, kind="in-cluster")
    with endpoint(session, there) as way:
        assert (way.url, way.remark) == ("http://digits-2.default.svc:8080", "")


def test_a_pod_that_does_not_listen(session: Session) -> None:
    """If nothing listens in the pod, the error tells that, and not that the local port broke off."""
    there = elsewhere(replace(found(session, "2"), version="another"))
    ports = [{"name": "http-serving", "port": 80, "targetPort": 9}]
    spec = {"selector": {SERVING_NAME: "digits", SERVING_VERSION: "2"}, "ports": ports}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a-deaf-one"}, "spec": spec}
    session.cluster().create(SERVICES, "default", body)
    with pytest.raises(Unreachable, match="does not listen on port 9"), endpoint(session, there) as way:
        predict(session, way.url, [[1, 2]])
    with pytest.raises(SpecError, match="mine"), endpoint(session, there) as way:
        ask_and_refuse(session, way.url)
    session.cluster().delete(SERVICES, "default", "a-deaf-one")


def ask_and_refuse(session: Session, url: str) -> None:
    """Fail to reach a server, go on, and raise an error of another kind, which is not replaced."""
    with suppress(Unreachable):
        predict(session, url, [[1, 2]])
    raise SpecError("mine")


def test_no_instance_is_ready(arena: Product) -> None:
    """A serving that has not started yet ends a prediction with 6, and says where to look."""
    arena.must("serve", "custom", "--name", "slow", "--version", "1", "--restful-port", "8080", "sleep 600")
    ended = arena.run("serve", "predict", "slow", "[[1]]")
    assert ended.code == 6
    assert 'serving "slow" of version 1 has no instance that is ready' in ended.err
    assert "arena serve get slow shows why" in ended.err
    arena.must("serve", "delete", "slow")


def test_an_unknown_serving(arena: Product, tmp_path: Path) -> None:
    """A name that does not exist ends with 3 and suggests one that does."""
    ended = arena.run("serve", "predict", "digit", "[[1]]")
    assert (ended.code, "did you mean digits?" in ended.err) == (3, True)
    assert arena.run("serve", "bench", "digit", "-i", "[[1]]").code == 3


def test_a_serving_known_by_its_url(
    arena: Product, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A serving whose status names its URL on the loopback, as of KServe, is reached there."""
    one = found(session, "1")
    known = replace(one, address=one.url, endpoints=())
    monkeypatch.setenv("ARENA_LOCAL_HOME", str(arena.state))
    local = connect(kubeconfig=str(arena.state / "kubeconfig"), environ={}, folder=arena.home)
    with endpoint(local, known) as way:
        assert way.url == one.url
        assert not way.remark
