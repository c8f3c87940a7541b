"""Services: Endpoints, and the loopback proxy with real sockets."""

import socket
import struct
import threading

import pytest

from arena.local.objects import ENDPOINTS, PODS, SERVICES, Change
from arena.local.operators import pods as facts
from arena.local.operators import service


@pytest.fixture
def submit(bench):
    """Submit the Service `web` for the label app=web."""
    bench.node()

    def make(**spec):
        ports = [{"name": "http", "port": 80, "targetPort": "http"}]
        body = {"selector": {"app": "web"}, "ports": ports, **spec}
        return bench.submit(SERVICES, {"metadata": {"name": "web"}, "spec": body})

    yield make
    bench.runner.stop()


def pod(bench, name):
    """A ready pod with a port `http`; returns the port allotted to it."""
    template = bench.template("c", {"app": "web"}, ports=[{"name": "http", "containerPort": 8080}])
    template["metadata"]["name"] = name
    made = bench.objects.create(PODS, template, "default")
    bench.settled()
    bench.objects.patch(PODS, name, {"status": {"podIP": "127.0.0.1"}}, "default", "status")
    bench.run(name)
    return facts.ports(made)[8080]


def subsets(bench):
    return bench.read(ENDPOINTS, "web").get("subsets")


def test_endpoints(bench, submit):
    """Endpoints list ready pods with the real port, and pods that are not ready apart."""
    submit()
    assert not subsets(bench)
    pod(bench, "a")
    pod(bench, "b")
    (subset,) = subsets(bench)
    assert [one["targetRef"]["name"] for one in subset["addresses"]] == ["a", "b"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    bench._report("a", "Running", {"running": {}}, ready=False)
    bench.settled()
    (subset,) = subsets(bench)
    assert [one["targetRef"]["name"] for one in subset["notReadyAddresses"]] == ["a"]
    bench.objects.delete(PODS, "b", "default")
    bench.settled()
    assert "addresses" not in subsets(bench)[0]
    bench.objects.delete(SERVICES, "web", "default")
    bench.settled()
    assert bench.read(ENDPOINTS, "web") is None


class Echo:
    """A program that answers each line with its name in front, until told to end."""

    def __init__(self, port, name):
        self.name = name
        self.listener = socket.create_server(("127.0.0.1", port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        """Answer one connection after the other."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                for line in stream:
                    stream.write(self.name.encode() + b" " + line)
                    stream.flush()
                stream.write(b"bye\n")

    def close(self):
        """End."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture
def echo():
    """Start programs that end with the test."""
    running = []

    def start(port, name):
        running.append(Echo(port, name))
        return running[-1]

    yield start
    for one in running:
        if one.thread.is_alive():
            one.close()


def ask(port, text="hello"):
    """Send a line, end the sending side, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text.encode() + b"\n")
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            return stream.read().decode().split("\n")[:-1]


def test_endpoints_follow_labels(bench, submit):
    """A pod joins the Endpoints with a label that is selected and leaves them without it."""
    submit()
    pod(bench, "a")
    assert len(subsets(bench)[0]["addresses"]) == 1
    bench.runner.stop()
    bench.runner = bench.new_runner()
    bench.settled()
    for label, count in (("other", 0), ("web", 1)):
        bench.objects.patch(PODS, "a", {"metadata": {"labels": {"app": label}}}, "default")
        bench.settled()
        assert sum(len(one["addresses"]) for one in subsets(bench) or []) == count


def test_a_service_that_went_unseen(bench, submit):
    """What a lost watch did not tell is not remembered: a new one tells of all that is there."""
    made = submit()
    pod(bench, "a")
    changed = Change("MODIFIED", PODS, bench.read(PODS, "a"))
    one = service.operator()
    one.keys(bench.objects, Change("ADDED", SERVICES, made))
    one.keys(bench.objects, Change("ADDED", ENDPOINTS, bench.read(ENDPOINTS, "web")))
    assert set(one.keys(bench.objects, changed)) == {("default", "web")}
    one.forget()
    assert not list(one.keys(bench.objects, changed))


def test_proxy(bench, submit, echo):
    """The Service's port leads to each ready pod in turn, and the end of sending reaches it."""
    port = facts.ports(submit())[80]
    for name in ("a", "b"):
        echo(pod(bench, name), name)
    answers = [ask(port) for _ in range(4)]
    assert sorted(map(tuple, answers)) == [("a hello", "bye")] * 2 + [("b hello", "bye")] * 2


def test_proxy_client_that_vanishes(bench, submit):
    """A client that breaks its connection is not left connected to the pod."""
    port = facts.ports(submit())[80]
    with socket.create_server(("127.0.0.1", pod(bench, "a"))) as listener:
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection, _ = listener.accept()
        connection.settimeout(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        with connection:
            assert connection.recv(1) == b""


def test_proxy_passes_over_the_dead(bench, submit, echo):
    """A pod that does not answer costs nothing but its turn."""
    port = facts.ports(submit())[80]
    pod(bench, "a")
    echo(pod(bench, "b"), "b")
    assert [ask(port)[0] for _ in range(3)] == ["b hello"] * 3


def test_proxy_declared_port(bench, submit, echo):
    """A program that ignores PORT is found at its declared port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        declared = free.getsockname()[1]
    service = submit(ports=[{"port": 80, "targetPort": declared}])
    pod(bench, "a")
    echo(declared, "a")
    assert ask(facts.ports(service)[80]) == ["a hello", "bye"]


def test_proxy_without_pods(bench, submit):
    """Without ready pods a connection is dropped, and without the Service there is none."""
    port = facts.ports(submit())[80]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert connection.recv(1) == b""
    bench.objects.delete(SERVICES, "web", "default")
    bench.settled()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_port_taken(bench, submit, echo, monkeypatch):
    """A port that another program holds is told of by an Event and tried again."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr("arena.local.operators.pods.ports", lambda obj: {80: taken})
        submit()
        assert "PortConflict" in bench.events("web")
    bench.later(5)
    socket.create_connection(("127.0.0.1", taken), timeout=10).close()


def test_headless(bench, submit):
    """Nobody listens for a headless Service: its port is its pod's own."""
    port = facts.ports(submit(clusterIP="None"))[80]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)
