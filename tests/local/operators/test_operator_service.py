"""Services: Endpoints, and the loopback proxy with real sockets."""

import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from backends import Pod, Wire
from product import until

from arena.local.machinery import traffic
from arena.local.machinery.loopback import allotted_ports
from arena.local.machinery.traffic import Share
from arena.local.objects import DEMAND, ENDPOINTS, PODS, SERVICES, Refused, WatchEvent
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


@pytest.fixture
def shared(bench):
    """Two Services with a pod each, and a third for the traffic of both; returns its port."""
    bench.node()
    pods = []
    for name in ("v1", "v2"):
        ports = [{"name": "http", "port": 80, "targetPort": "http"}]
        spec = {"selector": {"app": name}, "ports": ports}
        bench.submit(SERVICES, {"metadata": {"name": name}, "spec": spec})
        template = bench.template("c", {"app": name}, ports=[{"name": "http", "containerPort": 8080}])
        template["metadata"]["name"] = name
        made = bench.objects.create(PODS, template, "default")
        bench.settled()
        bench.objects.patch(PODS, name, {"status": {"podIP": "127.0.0.1"}}, "default", "status")
        bench.run(name)
        pods.append(Pod(name, port=allotted_ports(made)[8080]))
    ports = [{"name": "http", "port": 80}]
    made = bench.submit(SERVICES, {"metadata": {"name": "both"}, "spec": {"ports": ports}})
    yield allotted_ports(made)[80]
    bench.runner.stop()
    for one in pods:
        one.close()


def asked(port):
    """The status and the body of an answer."""
    wire = Wire(socket.create_connection(("127.0.0.1", port), timeout=10))
    try:
        answer = wire.ask()
        return answer.status, answer.body.decode()
    finally:
        wire.close()


def annotate(bench, name, **notes):
    """Set annotations of a Service; None removes one."""
    change = {f"local.arena.io/{note}": value for note, value in notes.items()}
    bench.objects.patch(SERVICES, name, {"metadata": {"annotations": change}}, "default")
    bench.settled()


def test_shares_of_services(bench, shared):
    """The traffic of a Service goes to the pods of others by weight, and follows both."""
    assert asked(shared)[0] == 503
    annotate(bench, "both", traffic=traffic.text([Share("v1", 1), Share("v2", 1, 80), Share("none", 5)]))
    assert {asked(shared) for _ in range(40)} == {(200, "v1"), (200, "v2")}
    (port,) = traffic.measured("default", "both")
    assert [(one.name, one.weight, one.ready) for one in port.groups] == [
        ("v1", 1, 1),
        ("v2:80", 1, 1),
        ("none", 5, 0),
    ]
    assert sum(one.requests for one in port.groups) == 40
    bench._report("v1", "Running", {"running": {}}, ready=False)
    bench.settled()
    assert {asked(shared) for _ in range(10)} == {(200, "v2")}
    annotate(bench, "both", traffic=traffic.text([Share("v1", 1)]))
    assert asked(shared)[0] == 503
    bench.run("v1")
    assert asked(shared) == (200, "v1")


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "{}",
        "[1]",
        '[{"weight": 1}]',
        '[{"service": "v1", "weight": -1}]',
        '[{"service": "v1", "port": "x"}]',
    ],
)
def test_shares_that_cannot_be_read(bench, shared, text):
    """An annotation that cannot be read is reported, and the Service's own pods get the traffic."""
    annotate(bench, "v1", traffic=text, hold="x")
    assert {"InvalidTraffic", "InvalidHold"} <= set(bench.events("v1"))
    port = allotted_ports(bench.read(SERVICES, "v1"))[80]
    assert asked(port) == (200, "v1")


def test_a_request_that_waits(bench, shared):
    """A request that finds no pod waits if its Service says so; an annotation tells, and a pod answers it."""
    annotate(bench, "both", hold="20")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(asked, shared)
        until(lambda: DEMAND in bench.read(SERVICES, "both")["metadata"]["annotations"])
        annotate(bench, "both", traffic=traffic.text([Share("v1", 1)]))
        assert answer.result(20) == (200, "v1")
