"""top with what a real Prometheus knows of GPUs, from texts of the DCGM exporter."""

import json
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from product import until
from screens import Fixed

from arena import gpu_metrics
from arena.cli import run
from arena.commands._globals import Globals
from arena.resources import NODES

pytestmark = pytest.mark.skipif(
    not shutil.which("prometheus"), reason="NOT CHECKED: there is no Prometheus to ask"
)
GPUS = {"resources": {"limits": {"nvidia.com/gpu": 2}}}


def card(number: int, node: str, more: str = "") -> str:
    labels = f'gpu="{number}",UUID="GPU-{node}-{number}",modelName="NVIDIA A100",Hostname="{node}"{more}'
    return (f"DCGM_FI_DEV_GPU_UTIL{{{labels}}} {90 + number}\nDCGM_FI_DEV_FB_USED{{{labels}}} 1024\n"
            f"DCGM_FI_DEV_FB_FREE{{{labels}}} 3072\n")  # fmt: skip


USER = ',namespace="default",pod="bert-master-0",container="pytorch"'
TEXTS = {"/honoured": card(0, "gpu-1", USER), "/renamed": card(1, "gpu-2", USER) + card(0, "gpu-2")}
CONFIG = """
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
- {{job_name: honoured, honor_labels: true, metrics_path: /honoured, static_configs: [{{targets: ["{0}"]}}]}}
- job_name: renamed
  metrics_path: /renamed
  static_configs: [{{targets: ["{0}"], labels: {{namespace: gpu-operator, pod: dcgm-exporter-7x}}}}]
"""


@contextmanager
def serving(answer):
    """The port of a server whose GET requests are answered by a function: (status, body)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = answer(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetched(url: str, headers=()) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers))) as found:
            return found.status, found.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """The address of a Prometheus that has scraped the exporters."""
    folder = tmp_path_factory.mktemp("prometheus")
    with serving(lambda asked: (200, TEXTS[asked.path].encode())) as exporter:
        (folder / "config.yml").write_text(CONFIG.format(f"127.0.0.1:{exporter}"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            place = f"127.0.0.1:{free.getsockname()[1]}"
        words = [f"--config.file={folder}/config.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address={place}"]  # fmt: skip
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(["prometheus", *words], stdout=log, stderr=log)
        query = urllib.parse.urlencode({"query": gpu_metrics.QUERY})

        def samples() -> int:
            assert child.poll() is None, (folder / "log").read_text()
            with suppress(OSError, ValueError):  # not ready yet
                answer = json.loads(fetched(f"http://{place}/api/v1/query?{query}")[1])
                return len(list(gpu_metrics.samples(answer)))
            return 0

        try:
            until(lambda: samples() == 9, what="all samples in Prometheus")
            yield f"http://{place}"
        finally:
            child.kill()
            child.wait()


@pytest.fixture
def top(stage, prometheus, tmp_path, capsys):
    """Run `arena top` with variables of its own."""

    def call(*words: str, **environ: str) -> tuple[int, str, str]:
        capsys.readouterr()
        session = Fixed(stage.cluster, tmp_path)
        session.environ.update({"PROMETHEUS_ADDRESS": f"{prometheus}/", **environ})
        code = run(["top", *words], Globals(session=session))
        return (code, *capsys.readouterr())

    return call


def gpu_job(stage, name: str = "bert") -> None:
    container = {"name": "pytorch", "image": "i"} | GPUS
    job = stage.job(name, "Running", container=container)
    stage.pod(job, phase="Running")


def gpu_node(stage, name: str) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
    stage.cluster.create(NODES, None, node)
    status = {"capacity": {"nvidia.com/gpu": "2"}, "allocatable": {"nvidia.com/gpu": "2"}}
    stage.cluster.patch(NODES, None, name, {"status": status}, subresource="status")


def test_the_gpus_of_a_job_are_shown(top, stage):
    """Each GPU of each instance has its utilization and memory, in both spellings."""
    gpu_job(stage)
    code, out, err = top("job", "bert")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()[out.splitlines().index("GPU Metrics:") + 1 :]]
    assert rows[2][:3] == ["bert-master-0", "0", "90%"]
    assert rows[3][:3] == ["bert-master-0", "1", "91%"]
    assert "1.0Gi / 4.0Gi" in out


def test_the_json_of_jobs_has_what_their_gpus_do(top, stage):
    """gpuMetrics has the Go arena's keys; a job that nothing measures has none."""
    for name in ("bert", "other"):
        gpu_job(stage, name)
    code, out, err = top("job", "-o", "json")
    assert (code, err) == (0, "")
    found = {one["name"]: one["instances"][0]["gpuMetrics"] for one in json.loads(out)}
    assert found["other"] == {}
    assert found["bert"]["0"] == {
        "gpuDutyCycle": 90, "usedGPUMemory": 1 << 30, "totalGPUMemory": 4 << 30,
        "uuid": "GPU-gpu-1-0", "model": "NVIDIA A100",
    }  # fmt: skip


def test_the_gpus_of_nodes_are_shown(top, stage):
    """Wide tables have the utilization of each GPU; --metric also memory and pods."""
    gpu_node(stage, "gpu-2")
    code, out, err = top("node", "gpu-2", "-o", "wide")
    assert (code, err) == (0, "")
    assert "90%,91%" in out
    code, out, err = top("node", "gpu-2", "--metric")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines() if line.split()[:1] == ["gpu-2"]][1:]
    assert [row[-1] for row in rows] == ["-", "default/bert-master-0"]
    found = json.loads(top("node", "gpu-2", "-o", "json")[1])[0]["gpuMetrics"]
    assert found["1"]["podNames"] == ["default/bert-master-0"]


def test_a_source_that_is_missing_is_told(top, stage, prometheus):
    """Without a source, or with a wrong one, one line says so and nothing is invented."""
    gpu_node(stage, "gpu-2")
    code, out, err = top("node", "--metric", PROMETHEUS_ADDRESS="")
    assert (code, err.count("\n"), "%" in out.splitlines()[1]) == (0, 1, False)
    assert "PROMETHEUS_ADDRESS=URL" in err
    assert top("node", "-o", "wide", PROMETHEUS_ADDRESS="")[2] == ""
    code, _, err = top("node", "-o", "wide", PROMETHEUS_ADDRESS=f"{prometheus}/nowhere")
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith("Warning: GPU metrics are missing: ")
    code, _, err = top("node", "-o", "wide", PROMETHEUS_ADDRESS="nonsense")
    assert (code, "http://prometheus.example:9090" in err) == (2, True)
