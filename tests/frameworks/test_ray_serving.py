"""A serving whose pods Ray connects: a leader that uses its worker, on the local cluster."""

import json
import subprocess
from contextlib import suppress

import psutil
import pytest
from product import Product, quoted, until

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(400)]

SERVE = '''
"""Answers with the squares of numbers, each worked out on another node, and with the number of nodes."""
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On
ray.init(address="auto", logging_level="ERROR")

@ray.remote
def square(number):
    return number * number, ray.get_runtime_context().get_node_id()

def squares(numbers):
    nodes = [one["NodeID"] for one in ray.nodes()]
    places = [On(nodes[at % len(nodes)], soft=False) for at in range(len(numbers))]
    return ray.get([square.options(scheduling_strategy=at).remote(n) for at, n in zip(places, numbers)])

class Squares(BaseHTTPRequestHandler):
    def do_POST(self):
        found = squares(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"])
        nodes = len({node for _, node in found})
        body = json.dumps({"predictions": [value for value, _ in found], "nodes": nodes}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("127.0.0.1", int(os.environ["HTTP_PORT"])), Squares).serve_forever()
'''


def of_ray(arena: Product) -> list[psutil.Process]:
    """Ray's processes that the pods have started, known by their home."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("HOME") == str(arena.home) and "ray" in " ".join(process.cmdline()):
                found.append(process)
    return found


def test_a_leader_and_its_worker(arena: Product) -> None:
    """Both groups of two pods join clusters of Ray of their own, which need a token and end with them."""
    (arena.home / "serve.py").write_text(SERVE, encoding="utf-8")
    words = ("--restful-port", "8080", "--worker-num", "1", "--replicas", "2", "--init-backend", "ray")
    named = ("--name", "squares", "--version", "1", "--protocol", "v1", "--model-name", "squares")
    arena.must("serve", "distributed", *named, *words, quoted("python3", arena.home / "serve.py"))
    arena.must("serve", "wait", "squares", "--timeout", "200s", seconds=220)
    for _ in range(2):  # each group answers one of two requests
        answer = json.loads(arena.must("serve", "predict", "squares", "[1, 2, 3]", "-o", "json", seconds=90))
        assert answer == {"predictions": [1, 4, 9], "nodes": 2}
    token = arena.home / ".ray" / "auth_token"
    assert token.stat().st_mode & 0o077 == 0
    head = next(one for one in of_ray(arena) if "gcs_server" in one.name())
    port = next(word for word in head.cmdline() if word.startswith("--gcs_server_port=")).partition("=")[2]
    outside = {**arena.env, "HOME": str(arena.home / "other"), "RAY_ADDRESS": f"127.0.0.1:{port}"}
    refused = subprocess.run(
        ["ray", "status"], env=outside, capture_output=True, text=True, timeout=60, check=False
    )
    assert "AuthenticationError" in refused.stderr
    arena.must("serve", "delete", "squares")
    until(lambda: not of_ray(arena), what="the end of Ray")
