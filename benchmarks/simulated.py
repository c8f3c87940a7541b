"""A server that answers as a cluster with any number of pods would, to see how memory grows with them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

JOBS = 2000
_COLUMNS = ("Name", "Ready", "Status", "Restarts", "Age", "IP", "Node")
_LABELS = {
    "app": "pytorchjob",
    "chart": "pytorchjob-0.38.1",
    "createdBy": "PyTorchJob",
    "group-name": "kubeflow.org",
    "replica-type": "worker",
    "training.kubeflow.org/operator-name": "pytorchjob-controller",
    "training.kubeflow.org/replica-type": "worker",
}
"""Those that all pods share; some are from the Go arena and from older operators."""
_JOB = ("job-name", "release", "training.kubeflow.org/job-name")
_INDEX = ("replica-index", "training.kubeflow.org/replica-index")
"""The labels with the name of the job, and those with the number of the pod in its role."""
_DISCOVERY = {
    "kind": "APIGroupDiscoveryList",
    "items": [
        {
            "metadata": {"name": "kubeflow.org"},
            "versions": [{"version": "v1", "resources": [{"resource": "pytorchjobs"}]}],
        }
    ],
}


def _field(number: int, value: bytes | int) -> bytes:
    """A field as protobuf writes it."""
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    return _number(number << 3 | 2) + _number(len(value)) + value


def _number(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def _job(number: int) -> dict[str, Any]:
    container = {"name": "pytorch", "resources": {"limits": {"nvidia.com/gpu": 1}}}
    role = {"replicas": 5, "template": {"spec": {"containers": [container]}}}
    meta = {"name": f"job-{number:05d}", "namespace": "team", "uid": f"{number:036d}"}
    running = {"type": "Running", "status": "True"}
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "metadata": {**meta, "creationTimestamp": "2030-01-01T00:00:00Z"},
        "spec": {"pytorchReplicaSpecs": {"Worker": role}},
        "status": {"conditions": [running]},
    }


def _name(number: int) -> str:
    return f"job-{number % JOBS:05d}-worker-{number // JOBS}"


def _metadata(number: int) -> bytes:
    """A pod's metadata, with as many managed fields as real ones have."""
    job = number % JOBS
    marks = _LABELS | dict.fromkeys(_JOB, f"job-{job:05d}") | dict.fromkeys(_INDEX, str(number // JOBS))
    labels = (_field(11, _field(1, key.encode()) + _field(2, text.encode())) for key, text in marks.items())
    owner = _field(
        13, _field(3, f"job-{job:05d}".encode()) + _field(4, f"{job:036d}".encode()) + _field(6, 1)
    )
    names = _field(1, _name(number).encode()) + _field(3, b"team") + _field(5, f"{number:036d}".encode())
    created = _field(8, _field(1, 1_893_456_000 + number % 5000))
    return _field(1, names + created + b"".join(labels) + owner + _field(17, b"x" * 3000))


def _whole(number: int) -> dict[str, Any]:
    meta = {"name": _name(number), "namespace": "team", "uid": f"{number:036d}", "labels": dict(_LABELS)}
    return {"metadata": meta, "spec": {"containers": []}, "status": {"phase": "Running"}}


def _list(kind: str, items: Iterator[bytes], token: str = "") -> Iterator[bytes]:
    meta = json.dumps({"continue": token} if token else {})
    yield f'{{"kind":"{kind}","apiVersion":"v1","metadata":{meta},"items":['.encode()
    for number, item in enumerate(items):
        yield b"," * bool(number) + item
    yield b"]}"


def _table(columns: tuple[str, ...], rows: Iterator[list[Any]]) -> Iterator[bytes]:
    head = [{"name": one} for one in columns]
    yield f'{{"kind":"Table","columnDefinitions":{json.dumps(head)},"rows":['.encode()
    for number, row in enumerate(rows):
        yield b"," * bool(number) + json.dumps({"cells": row, "object": None}).encode()
    yield b"]}"


def _pods(count: int, accept: str, query: dict[str, list[str]]) -> Iterator[bytes]:
    if "as=Table" in accept:
        rows = ([_name(n), "1/1", "Running", 0, "5m", "10.1.1.1", f"node-{n % 1000}"] for n in range(count))
        return _table(_COLUMNS, rows)
    if "as=PartialObjectMetadataList" in accept:
        return _metadata_list(count)
    if "fieldSelector" in query:
        return _list("PodList", iter(()))
    first = int(query.get("limit", ["0"])[0])
    return _list("PodList", (json.dumps(_whole(n)).encode() for n in range(first)), "more")


def _metadata_list(count: int) -> Iterator[bytes]:
    size = sum(len(_field(2, _metadata(number))) for number in range(count))
    yield b"k8s\x00" + _field(1, b"") + _number(2 << 3 | 2) + _number(size)
    yield from (_field(2, _metadata(number)) for number in range(count))


@contextmanager
def cluster(pods: int) -> Iterator[str]:
    """Serve 2,000 jobs with that many pods on 1,000 nodes; yields the server's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query, accept = parse_qs(url.query), self.headers["Accept"]
            if url.path == "/apis":
                self.answer(iter([json.dumps(_DISCOVERY).encode()]))
            elif url.path.endswith("/pytorchjobs"):
                self.answer(_list("List", (json.dumps(_job(n)).encode() for n in range(JOBS))))
            elif url.path.endswith("/nodes"):
                rows = ([f"node-{n}", f"10.0.{n // 250}.{n % 250}"] for n in range(1000))
                self.answer(_table(("Name", "Internal-IP"), rows))
            elif url.path.endswith("/pods"):
                form = (
                    "application/vnd.kubernetes.protobuf" if "protobuf;as=" in accept else "application/json"
                )
                self.answer(_pods(pods, accept, query), form)
            else:
                self.answer(_list("List", iter(())))

        def answer(self, pieces: Iterator[bytes], form: str = "application/json") -> None:
            self.send_response(200)
            self.send_header("Content-Type", form)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            batch = b""
            for piece in pieces:
                batch += piece
                if len(batch) > 1 << 16:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(batch), batch))
                    batch = b""
            last = b"%x\r\n%s\r\n" % (len(batch), batch) if batch else b""
            self.wfile.write(last + b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
