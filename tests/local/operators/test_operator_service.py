"""Services: Endpoints, and the loopback proxy with real sockets."""

import socket
import struct
import threading

import pytest

from arena.local.machinery.loopback import allotted_ports
from arena.local.objects import ENDPOINTS, PODS, SERVICES, Refused, WatchEvent
from arena.local.operators.apps import service


@pytest.fixture
def submit(bench):
    """Submit the Service `web` for the label app=web."""
    bench.node()

    yield lambda **spec: bench.submit(SERVICES, web(**spec))
    bench.runner.stop()


def web(**spec):
    """The Service `web`."""
    ports = [{"name": "lines", "port": 80, "targetPort": "http"}]
    return {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports, **spec}}


def pod(bench, name):
    """A ready pod with a port `http`; returns the port allotted to it."""
    template = bench.template("c", {"app": "web"}, ports=[{"name": "http", "containerPort": 8080}])
    template["metadata"]["name"] = name
    made = bench.objects.create(PODS, template, "default")
    bench.settled()
    bench.objects.patch(PODS, name, {"status": {"podIP": "127.0.0.1"}}, "default", "status")
    bench.run(name)
    return allotted_ports(made)[8080]


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
    assert subset["ports"] == [{"name": "lines", "port": 8080, "protocol": "TCP"}]
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


@pytest.mark.parametrize("target", ["\u00b2", "9" * 5000])
def test_a_target_that_is_no_port(submit, target):
    """A port that looks like a number and is none is refused as a name."""
    with pytest.raises(Refused, match=r"spec.ports\[0\].targetPort: Invalid value"):
        submit(ports=[{"name": "odd", "port": 80, "targetPort": target}])


class Echo:
    """A server that answers each line with its name and the line."""

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
    """Deletions that a lost watch missed are not remembered: a new watch lists all objects."""
    made = submit()
    pod(bench, "a")
    changed = WatchEvent("MODIFIED", PODS, bench.read(PODS, "a"))
    one = service.operator()
    one.keys(bench.objects, WatchEvent("ADDED", SERVICES, made))
    one.keys(bench.objects, WatchEvent("ADDED", ENDPOINTS, bench.read(ENDPOINTS, "web")))
    assert set(one.keys(bench.objects, changed)) == {("default", "web")}
    one.forget()
    assert not list(one.keys(bench.objects, changed))


def test_proxy(bench, submit, echo):
    """The Service's port leads to each ready pod in turn, and the end of sending reaches it."""
    port = allotted_ports(submit())[80]
    for name in ("a", "b"):
        echo(pod(bench, name), name)
    answers = [ask(port) for _ in range(4)]
    assert sorted(map(tuple, answers)) == [("a hello", "bye")] * 2 + [("b hello", "bye")] * 2


def test_proxy_client_that_vanishes(bench, submit):
    """A client that breaks its connection is not left connected to the pod."""
    port = allotted_ports(submit())[80]
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
    port = allotted_ports(submit())[80]
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
    assert ask(allotted_ports(service)[80]) == ["a hello", "bye"]


def test_proxy_without_pods(bench, submit):
    """Without ready pods a connection is dropped, and without the Service it is refused."""
    port = allotted_ports(submit())[80]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert connection.recv(1) == b""
    bench.objects.delete(SERVICES, "web", "default")
    bench.settled()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_port_taken(bench, submit):
    """A port that another program uses is reported by an Event, and tried again."""
    allotted = allotted_ports(bench.objects.create(SERVICES, web(), "default"))[80]
    with socket.create_server(("127.0.0.1", allotted)):
        bench.settled()
        assert "PortConflict" in bench.events("web")
    bench.later(5)
    socket.create_connection(("127.0.0.1", allotted), timeout=10).close()


def test_headless(bench, submit):
    """The proxy does not listen for a headless Service: its port is its pod's own."""
    port = allotted_ports(submit(clusterIP="None"))[80]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_operators_that_lose_their_watch(bench, submit, echo):
    """Listeners survive a new watch of the operators, and end with the operators."""
    allotted = allotted_ports(submit())[80]
    echo(pod(bench, "a"), "a")
    for _ in range(2):
        bench.runner._open()
        bench.settled()
        assert ask(allotted) == ["a hello", "bye"]
    bench.runner.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", allotted), 5)
