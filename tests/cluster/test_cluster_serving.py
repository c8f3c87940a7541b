"""The life of a serving on a real cluster: requests through the API server, updates, scaling, deletion."""

import json

import pytest
from field import RUNS, Field
from product import until

from arena.labels import SERVING_NAME
from arena.resources import DEPLOYMENTS, PODS, SERVICES, Resource

pytestmark = pytest.mark.cluster

REPLICASETS = Resource("apps", "v1", "replicasets", kind="ReplicaSet")
SERVER = """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.answer({"models": ["sums"]})

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        factor = int(os.environ.get("FACTOR", "1"))
        self.answer({"predictions": [factor * sum(row) for row in rows]})

    def answer(self, data):
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("", int(os.environ["HTTP_PORT"])), Handler).serve_forever()
"""


def serve(ground: Field, *words: str) -> None:
    code = ground.admin.home / "code"
    code.mkdir(exist_ok=True)
    (code / "serve.py").write_text(SERVER)
    named = ("--name", "sums", "--restful-port", "8080", "--code", "code")
    ground.admin.must("serve", "custom", *named, *RUNS, *words, "python3 serve.py")


def predicted(ground: Field, *words: str) -> str:
    return ground.admin.must("serve", "predict", "sums", "[[1, 2]]", "--protocol", "v1", *words).strip()


def test_a_serving_from_its_start_to_its_end(ground: Field) -> None:
    """A serving answers, is updated, rolled back and scaled, and leaves nothing behind."""
    arena = ground.admin
    serve(ground, "--version", "1", "--drain", "1")
    arena.must("serve", "wait", "sums", "--timeout", "90s")
    assert predicted(ground) == "3"
    arena.must(
        "serve", "update", "custom", "--name", "sums", "-e", "FACTOR=10", "--wait", "--wait-timeout", "90s"
    )
    until(lambda: predicted(ground) == "30", what="the answer of the new revision")
    arena.must("serve", "rollback", "sums", "--wait", "--wait-timeout", "90s")
    until(lambda: predicted(ground) == "3", what="the answer of the old revision")
    arena.must("serve", "scale", "sums", "--replicas", "2")
    arena.must("serve", "wait", "sums", "--timeout", "90s")
    shown = json.loads(arena.must("serve", "get", "sums", "-o", "json"))
    assert (shown["desiredInstances"], shown["availableInstances"]) == (2, 2)
    arena.must("serve", "autoscale", "sums", "--min", "2", "--max", "3", "--cpu", "80")
    assert "between 2 and 3 instances by cpu 80%" in arena.must("serve", "get", "sums")
    arena.must("serve", "delete", "sums")
    for resource in (DEPLOYMENTS, REPLICASETS, SERVICES, PODS):
        until(
            lambda of=resource: not list(ground.kube.list(of, ground.namespace, SERVING_NAME)),
            what=f"the end of its {resource.plural}",
        )


def test_an_update_that_never_starts(ground: Field) -> None:
    """An image that cannot be pulled is named, the old revision goes on answering, and a rollback ends it."""
    arena = ground.admin
    serve(ground, "--version", "1", "--drain", "1")
    arena.must("serve", "wait", "sums", "--timeout", "90s")
    failed = arena.run(
        "serve", "update", "custom", "--name", "sums", "--image", "none.invalid/x:1", "--wait",
        "--wait-timeout", "10s",
    )  # fmt: skip
    assert failed.code in (6, 7)
    assert "Pull" in failed.err
    assert predicted(ground) == "3"
    arena.must("serve", "rollback", "sums", "--wait", "--wait-timeout", "90s")
    assert predicted(ground) == "3"


def test_a_forwarded_port_outlives_its_pod(ground: Field) -> None:
    """`forward` goes on when the pod behind it is deleted, with another one."""
    arena = ground.admin
    serve(ground, "--version", "1", "--replicas", "2", "--drain", "1")
    arena.must("serve", "wait", "sums", "--timeout", "90s")
    with arena.start("serve", "forward", "sums", "--port", "0") as forward:
        try:
            url = next(word for word in forward.stdout.readline().decode().split() if "://" in word)
            ask = ("serve", "predict", "--url", url, "--protocol", "v1", "--model", "sums", "[[1, 2]]")
            assert arena.must(*ask).strip() == "3"
            for pod in list(ground.kube.list(PODS, ground.namespace, SERVING_NAME)):
                ground.kube.delete(PODS, ground.namespace, pod["metadata"]["name"])
                arena.must("serve", "wait", "sums", "--timeout", "90s")
                until(lambda: arena.run(*ask).out.strip() == "3", what="an answer of the other pod")
        finally:
            forward.terminate()
            forward.wait(30)
