"""The operators with the real node: pods are processes here."""

import os
import signal
import sys
import urllib.request
from functools import partial

import pytest
from product import until

from arena.local.api import Api
from arena.local.api.streaming import metrics
from arena.local.machinery import traffic
from arena.local.machinery.loopback import allotted_ports
from arena.local.machinery.runner import Runner
from arena.local.node.kubelet import Kubelet
from arena.local.objects import AUTOSCALERS, DEPLOYMENTS, HTTP_ROUTES, JOBS, POD_METRICS, PODS, SERVICES
from arena.local.operators.kubeflow.pytorchjob import PYTORCHJOBS
from arena.local.operators.lws.leaderworkerset import LEADER_WORKER_SETS
from arena.local.operators.mpi.mpijob import MPIJOBS

MEET = """
import os, socket
address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
others = int(os.environ["WORLD_SIZE"]) - 1
if os.environ["RANK"] == "0":
    with socket.create_server(address) as server:
        ranks = sorted(server.accept()[0].recv(9) for _ in range(others))
    print("met", ranks, flush=True)
else:
    while True:
        try:
            with socket.create_connection(address) as connection:
                connection.sendall(os.environ["RANK"].encode())
            break
        except ConnectionRefusedError:
            pass
"""

SERVE = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["HOSTNAME"].encode())
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""

ASK = """
import os, pathlib, signal, sys, urllib.request
url = "http://" + os.environ["LWS_LEADER_ADDRESS"] + ":" + os.environ["LEADER_PORT"]
while True:
    try:
        leader = urllib.request.urlopen(url, timeout=5).read().decode()
        break
    except OSError:
        pass
pathlib.Path("met").touch()
pathlib.Path(sys.argv[1], os.environ["HOSTNAME"]).write_text(leader + " " + str(os.getpid()))
signal.pause()
"""


@pytest.fixture
def cluster(tmp_path):
    """API, operators and node; at the end no process is left."""
    api = Api(":memory:")
    runner, node = Runner(api), Kubelet(api, tmp_path)
    api.measured[POD_METRICS] = partial(metrics.listed, api, metrics.Meter(node))
    node.start()
    runner.start()
    yield api
    for resource in (PYTORCHJOBS, MPIJOBS, JOBS, DEPLOYMENTS, LEADER_WORKER_SETS):
        for one in api.list(resource):
            api.delete(resource, one["metadata"]["name"], "default")
    until(lambda: not api.list(PODS))
    runner.stop()
    node.stop()
    api.close()


def holding(api, resource, name):
    status = api.get(resource, name, "default").get("status") or {}
    return {one["type"] for one in status.get("conditions", []) if one["status"] == "True"}


def template(container, *command, labels=None, **fields):
    spec = {"containers": [{"name": container, "image": "x", "command": list(command), **fields}]}
    return {"metadata": {"labels": labels or {}}, "spec": {"terminationGracePeriodSeconds": 1, **spec}}


def test_ranks_meet(cluster):
    """The ranks of a PyTorchJob connect at the address in their variables, and the job succeeds."""
    program = template("pytorch", sys.executable, "-c", MEET)
    specs = {
        "Master": {"replicas": 1, "template": program},
        "Worker": {"replicas": 2, "template": program},
    }
    body = {"metadata": {"name": "ddp"}, "spec": {"pytorchReplicaSpecs": specs}}
    cluster.create(PYTORCHJOBS, body, "default")
    until(lambda: "Succeeded" in holding(cluster, PYTORCHJOBS, "ddp"))


def test_launcher(cluster):
    """An MPIJob's launcher finds its hostfile, while the workers wait; they end with the job."""
    check = 'set -e; test "$(cat "$OMPI_MCA_orte_default_hostfile")" = "localhost slots=2"'
    specs = {
        "Launcher": {"replicas": 1, "template": template("l", "sh", "-c", check)},
        "Worker": {"replicas": 2, "template": {"spec": {"containers": [{"name": "w", "image": "x"}]}}},
    }
    spec = {"mpiReplicaSpecs": specs, "runPolicy": {"cleanPodPolicy": "Running"}}
    cluster.create(MPIJOBS, {"metadata": {"name": "mpi"}, "spec": spec}, "default")
    until(lambda: holding(cluster, MPIJOBS, "mpi") & {"Succeeded", "Failed"})
    assert "Succeeded" in holding(cluster, MPIJOBS, "mpi")
    until(lambda: len(cluster.list(PODS)) == 1)


def test_two_servers(cluster):
    """Two replicas on one machine answer in turn behind their Service's port."""
    labels = {"app": "web"}
    program = template(
        "web",
        sys.executable,
        "-c",
        SERVE,
        labels=labels,
        ports=[{"containerPort": 8000}],
        readinessProbe={"tcpSocket": {"port": 8000}, "periodSeconds": 1},
    )
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": program}
    cluster.create(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec}, "default")
    ports = {"selector": labels, "ports": [{"port": 80, "targetPort": 8000}]}
    service = cluster.create(SERVICES, {"metadata": {"name": "web"}, "spec": ports}, "default")
    until(lambda: "Available" in holding(cluster, DEPLOYMENTS, "web"))
    url = f"http://127.0.0.1:{allotted_ports(service)[80]}/"

    def both():
        try:
            return len({urllib.request.urlopen(url, timeout=5).read() for _ in range(4)}) == 2
        except OSError:
            return False

    until(both)


def test_groups_meet_and_start_again(cluster, tmp_path):
    """Workers reach their own leader; when the process of one is killed, its whole group starts again."""
    leader = template("l", sys.executable, "-c", SERVE, ports=[{"containerPort": 6379}])
    ready = {"exec": {"command": ["test", "-f", "met"]}, "periodSeconds": 1}
    env = [{"name": "LEADER_PORT", "value": "6379"}]
    worker = template("w", sys.executable, "-c", ASK, str(tmp_path), env=env, readinessProbe=ready)
    group = {"size": 2, "leaderTemplate": leader, "workerTemplate": worker}
    body = {"metadata": {"name": "v"}, "spec": {"replicas": 2, "leaderWorkerTemplate": group}}
    cluster.create(LEADER_WORKER_SETS, body, "default")
    until(lambda: "Available" in holding(cluster, LEADER_WORKER_SETS, "v"))
    met = {name: (tmp_path / name).read_text().split() for name in ("v-0-1", "v-1-1")}
    assert [one[0] for one in met.values()] == ["v-0", "v-1"]
    before = {name: cluster.get(PODS, name, "default")["metadata"]["uid"] for name in ("v-0", "v-1")}
    os.kill(int(met["v-1-1"][1]), signal.SIGKILL)
    until(lambda: (pod := cluster.get(PODS, "v-1", "default")) and pod["metadata"]["uid"] != before["v-1"])
    until(lambda: "Available" in holding(cluster, LEADER_WORKER_SETS, "v"))
    assert (tmp_path / "v-1-1").read_text().split()[1] != met["v-1-1"][1]
    assert cluster.get(PODS, "v-0", "default")["metadata"]["uid"] == before["v-0"]


def test_busy_pods_get_company(cluster):
    """Pods that use more CPU than they request are joined by others, by what the node measures."""
    labels = {"app": "busy"}
    ready = {"exec": {"command": ["true"]}, "periodSeconds": 1}
    asked = {"requests": {"cpu": "100m"}}
    program = template(
        "c", sys.executable, "-c", "while True: pass", labels=labels, readinessProbe=ready, resources=asked
    )
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": program}
    cluster.create(DEPLOYMENTS, {"metadata": {"name": "busy"}, "spec": spec}, "default")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "busy"}
    body = {"metadata": {"name": "busy"}, "spec": {"scaleTargetRef": target, "maxReplicas": 2}}
    cluster.create(AUTOSCALERS, body, "default")
    until(lambda: (cluster.get(DEPLOYMENTS, "busy", "default").get("status") or {}).get("readyReplicas") == 2)
    status = cluster.get(AUTOSCALERS, "busy", "default")["status"]
    assert status["currentMetrics"][0]["resource"]["current"]["averageUtilization"] > 88


def test_a_route_splits_traffic(cluster):
    """Two versions behind a Service get the shares of its HTTPRoute, within three standard errors."""
    for version in ("v1", "v2"):
        deploy_web(cluster, version)
    selector = {"servingName": "web"}
    spec = {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": 8000}]}
    stable = cluster.create(SERVICES, {"metadata": {"name": "web"}, "spec": spec}, "default")
    url = f"http://127.0.0.1:{allotted_ports(stable)[80]}/"
    parent = {"group": "", "kind": "Service", "name": "web"}
    backends = [
        {"name": f"web-{one}", "port": 80, "weight": weight} for one, weight in (("v1", 80), ("v2", 20))
    ]
    rules = {"parentRefs": [parent], "rules": [{"backendRefs": backends}]}
    cluster.create(HTTP_ROUTES, {"metadata": {"name": "web"}, "spec": rules}, "default")
    until(lambda: groups("web") == {"web-v1:80": 1, "web-v2:80": 1}, what="the split, with a ready pod each")
    assert 0.8 * 400 - share(url, 400) in range(-24, 25)
    cluster.delete(HTTP_ROUTES, "web", "default")
    until(lambda: groups("web") == {"web": 2}, what="the end of the split")
    assert 200 - share(url, 400) in range(-30, 31)


def groups(service):
    """The Services among which the traffic of a Service is split, with their numbers of ready pods."""
    return {one.name: one.ready for port in traffic.measured("default", service) for one in port.groups}


def deploy_web(cluster, version):
    """A Deployment `web-VERSION` whose pods answer with its name, and its Service."""
    labels = {"servingName": "web", "servingVersion": version}
    ready = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}
    ports = [{"containerPort": 8000}]
    program = template("web", sys.executable, "-c", SERVE, labels=labels, ports=ports, readinessProbe=ready)
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": program}
    cluster.create(DEPLOYMENTS, {"metadata": {"name": f"web-{version}"}, "spec": spec}, "default")
    ports = {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": 8000}]}
    cluster.create(SERVICES, {"metadata": {"name": f"web-{version}"}, "spec": ports}, "default")


def share(url, count):
    """How many of some requests the first version answers."""
    answers = [urllib.request.urlopen(url, timeout=5).read().decode() for _ in range(count)]
    return sum(one.startswith("web-v1-") for one in answers)


def test_a_request_wakes_what_was_scaled_to_zero(cluster):
    """Pods that nobody asks go, the next request waits for a new one, and is answered by it."""
    deploy_web(cluster, "v1")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web-v1"}
    about = {"describedObject": {"kind": "Service", "name": "web-v1"}, "metric": {"name": "concurrency"}}
    metrics = [{"type": "Object", "object": {**about, "target": {"type": "Value", "value": "5"}}}]
    spec = {"scaleTargetRef": target, "minReplicas": 0, "maxReplicas": 3, "metrics": metrics}
    spec["behavior"] = {"scaleDown": {"stabilizationWindowSeconds": 0}}
    cluster.create(AUTOSCALERS, {"metadata": {"name": "web-v1"}, "spec": spec}, "default")
    until(lambda: cluster.get(DEPLOYMENTS, "web-v1", "default")["spec"]["replicas"] == 0)
    until(lambda: not cluster.list(PODS))
    service = cluster.get(SERVICES, "web-v1", "default")
    url = f"http://127.0.0.1:{allotted_ports(service)[80]}/"
    assert urllib.request.urlopen(url, timeout=60).read().startswith(b"web-v1-")
    assert cluster.get(DEPLOYMENTS, "web-v1", "default")["spec"]["replicas"] == 1
