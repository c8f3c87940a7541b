"""kubectl as the judge of the whole local cluster: server, operators and node, in a process of their own."""

import json
import re
import urllib.request
from contextlib import contextmanager

import pytest
from kubectl import Kubectl, needed, words
from product import product, until

pytestmark = needed

SERVE = "echo began; exec python3 -u -m http.server $PORT --bind 127.0.0.1"
WEB = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, labels: {{app: web}}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: c
        image: none
        command: [sh, -c, '{SERVE}']
        ports: [{{containerPort: 80}}]
        readinessProbe: {{httpGet: {{port: 80}}, periodSeconds: 1}}
      - {{name: side, image: none, command: [sh, -c, 'echo beside; exec sleep 600']}}
"""
IDLE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: idle}
spec:
  replicas: 2
  selector: {matchLabels: {app: idle}}
  template:
    metadata: {labels: {app: idle}}
    spec: {containers: [{name: c, image: none, command: [sleep, "600"]}]}
"""
LIST = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: cm}, data: {word: from-map}}
- {apiVersion: v1, kind: Secret, metadata: {name: secret}, stringData: {word: from-secret}}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: claim}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
- apiVersion: batch/v1
  kind: Job
  metadata: {name: reader}
  spec:
    template:
      spec:
        restartPolicy: Never
        containers:
        - name: c
          image: none
          command: [sh, -c, 'echo $A $(cat /conf/word); touch /data/done']
          env: [{name: A, valueFrom: {secretKeyRef: {name: secret, key: word}}}]
          volumeMounts: [{name: conf, mountPath: /conf}, {name: data, mountPath: /data}]
        volumes:
        - {name: conf, configMap: {name: cm}}
        - {name: data, persistentVolumeClaim: {claimName: claim}}
"""
DATABASE = """
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: none, command: [sleep, "600"]}]}
"""
COUNTED = """
apiVersion: batch/v1
kind: Job
metadata: {name: counted}
spec:
  completions: 3
  parallelism: 3
  completionMode: Indexed
  template:
    metadata: {labels: {app: counted}}
    spec:
      restartPolicy: Never
      containers: [{name: c, image: none, command: [sh, -c, 'echo index $JOB_COMPLETION_INDEX']}]
"""
MEET = """
import os, socket
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
place = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    with socket.create_server(place) as door:
        names = sorted(door.accept()[0].recv(9).decode() for _ in range(1, size))
    print("met", *names, flush=True)
else:
    while True:
        try:
            with socket.create_connection(place) as line:
                line.sendall(f"rank{rank}".encode())
            break
        except ConnectionRefusedError:
            pass
"""
MEET_TF = """
import json, os, socket
config = json.loads(os.environ["TF_CONFIG"])
places, mine = config["cluster"]["worker"], config["task"]["index"]
host, port = places[0].rsplit(":", 1)
if mine == 0:
    with socket.create_server((host, int(port))) as door:
        names = sorted(door.accept()[0].recv(9).decode() for _ in places[1:])
    print("met", *names, flush=True)
else:
    while True:
        try:
            with socket.create_connection((host, int(port))) as line:
                line.sendall(f"task{mine}".encode())
            break
        except ConnectionRefusedError:
            pass
"""
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: gpus}
spec: {hard: {requests.nvidia.com/gpu: 2}}
"""


def training(kind, version, container, replicas):
    """A training job as somebody would write it: {replica type: (count, command)}."""
    prefix = kind.removesuffix("Job").lower()
    specs = {
        name: {
            "replicas": count,
            "template": {"spec": {"containers": [{"name": container, "image": "none", "command": command}]}},
        }
        for name, (count, command) in replicas.items()
    }
    body = {
        "apiVersion": f"kubeflow.org/{version}",
        "kind": kind,
        "metadata": {"name": "train"},
        "spec": {"runPolicy": {"cleanPodPolicy": "None"}, f"{prefix}ReplicaSpecs": specs},
    }
    return json.dumps(body)


def fetch(port):
    """The status of a page on a loopback port."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        return answer.status


@contextmanager
def running(kubectl, line):
    """A command in the background, ended at last."""
    with kubectl.start(line) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    with product(tmp_path_factory.mktemp("whole")) as made:
        made.must("local", "start")
        yield made


@pytest.fixture
def kubectl(arena, request):
    name = re.sub("[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:50].strip("-")
    anywhere = Kubectl(arena.state / "kubeconfig", arena.home)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    anywhere("create -f -", stdin=json.dumps(body))
    one = Kubectl(arena.state / "kubeconfig", arena.home, "--namespace", name)
    one.namespace = name
    yield one
    anywhere(f"delete namespace {name} --ignore-not-found --wait=false")


def test_run_leaves_a_pod_with_its_outcome(kubectl):
    """run starts a program whose log, exit code and events can be read afterwards."""
    kubectl("run a --image=none --restart=Never --command -- sh -c", "echo said; exit 3")
    kubectl("wait pod/a --for=jsonpath={.status.phase}=Failed --timeout=60s")
    assert kubectl("logs a") == "said\n"
    assert words(kubectl("get pod a"))[1][1:3] == ["0/1", "Error"]
    until(lambda: "Started container a" in kubectl("describe pod a"))
    assert re.search(r"Exit Code: +3", kubectl("describe pod a"))


def test_run_attached_passes_input_output_and_exit_code(kubectl):
    """run --rm -i is the program itself: stdin, stdout and exit code; the pod is gone afterwards."""
    done = kubectl.run(
        *"run b --rm -i --quiet --image=none --restart=Never --command -- sh -c".split(),
        "read word; echo got $word; exit 4", stdin="this\n",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (4, "got this\n"), done.stderr
    assert kubectl("get pods -o name") == ""


def test_a_list_is_created_and_its_job_reads_the_rest(kubectl):
    """create -f of a List makes every item; the Job in it sees the ConfigMap, the Secret and the claim."""
    made = kubectl("create -f -", stdin=LIST)
    assert [line[1] for line in words(made)] == ["created"] * 4
    kubectl("wait job/reader --for=condition=Complete --timeout=60s")
    assert kubectl("logs job/reader") == "from-secret from-map\n"
    assert kubectl("get pvc claim -o jsonpath={.status.phase}") == "Bound"
    typo = LIST.replace("data: {word", "dada: {word")
    assert 'unknown field "dada"' in kubectl("create --dry-run=server -f -", stdin=typo, fails=True)
    assert len(words(kubectl("delete -f -", stdin=LIST))) == 4


def test_rollouts_go_forward_and_back(kubectl):
    """rollout status, restart, history and undo, with the cause of each change."""
    kubectl("apply -f -", stdin=IDLE)
    assert "successfully rolled out" in kubectl("rollout status deploy/idle --timeout=60s")
    kubectl("annotate deploy/idle kubernetes.io/change-cause=first")
    kubectl("set env deploy/idle A=b")
    kubectl("annotate --overwrite deploy/idle kubernetes.io/change-cause=second")
    kubectl("rollout status deploy/idle --timeout=60s")
    until(lambda: ["2", "second"] in words(kubectl("rollout history deploy/idle")))
    assert ["1", "first"] in words(kubectl("rollout history deploy/idle"))
    assert re.search(r"A:\s+b", kubectl("rollout history deploy/idle --revision=2"))
    kubectl("rollout undo deploy/idle")
    kubectl("rollout status deploy/idle --timeout=60s")
    assert kubectl("get deploy idle -o jsonpath={.spec.template.spec.containers[0].env}") == ""
    assert [row[0] for row in words(kubectl("rollout history deploy/idle"))[2:4]] == ["2", "3"]
    kubectl("rollout restart deploy/idle")
    kubectl("rollout status deploy/idle --timeout=60s")
    assert "ScalingReplicaSet" in kubectl("describe deploy idle")


def test_scale_and_wait(kubectl):
    """scale up and down is followed by the pods; wait sees a condition and a field."""
    kubectl("create -f -", stdin=IDLE)
    kubectl("wait deploy/idle --for=condition=Available --timeout=60s")
    kubectl("scale deploy/idle --replicas=3")
    kubectl("wait deploy/idle --for=jsonpath={.status.readyReplicas}=3 --timeout=60s")
    kubectl("scale deploy/idle --replicas=1")
    until(lambda: len(kubectl("get pods -o name").split()) == 1)


def test_a_web_server_is_reached_in_every_way(arena, kubectl):
    """expose, port-forward, logs and exec reach the processes behind a Deployment."""
    kubectl("create -f -", stdin=WEB)
    kubectl("expose deploy web --port=80")
    kubectl("rollout status deploy/web --timeout=60s")
    ports = json.loads(kubectl("get svc web -o json"))["metadata"]["annotations"]["local.arena.io/ports"]
    assert fetch(json.loads(ports)["80"]) == 200
    for target in ("svc/web", "deploy/web"):
        with running(kubectl, f"port-forward {target} :80") as process:
            port = re.search(r"127.0.0.1:(\d+)", process.stdout.readline())[1]
            assert fetch(port) == 200
    assert "began" in kubectl("logs deploy/web -c c")
    marked = kubectl("logs -l app=web --prefix --all-containers")
    assert re.search(r"(?m)^\[pod/web-\w+-\w+/c\] began$", marked)
    assert re.search(r"(?m)^\[pod/web-\w+-\w+/side\] beside$", marked)
    assert kubectl("exec deploy/web -c side -- echo inside") == "inside\n"
    pod = kubectl("get pods -o jsonpath={.items[0].metadata.name}")
    (arena.home / "up.txt").write_text("carried")
    kubectl("cp -c c", str(arena.home / "up.txt"), f"{pod}:carried.txt")
    kubectl("cp -c c", f"{pod}:carried.txt", str(arena.home / "down.txt"))
    assert (arena.home / "down.txt").read_text() == "carried"
    table = {row[0]: row[1] for row in words(kubectl("get all")) if row}
    assert (table[f"pod/{pod}"], table["deployment.apps/web"], table["service/web"]) == (
        "2/2",
        "1/1",
        "ClusterIP",
    )


def test_top_measures_pods_and_the_node(kubectl):
    """top pod and top node print what the processes use."""
    kubectl("run busy --image=none --command -- sleep 600")
    kubectl("wait pod/busy --for=condition=Ready --timeout=60s")
    row = until(lambda: next((row for row in words(kubectl("top pod"))[1:]), None))
    assert re.fullmatch(r"busy \d+m \d+Mi", " ".join(row))
    assert re.fullmatch(r"local \d+m \d+% \d+Mi \d+%", " ".join(words(kubectl("top node"))[1]))
    text = kubectl("describe node local")
    assert re.search(r"pods run as processes of this machine", text)
    assert re.search(rf"{kubectl.namespace}\s+busy", text)


def test_a_stateful_set_numbers_its_pods(kubectl):
    """A StatefulSet's pods come in order and keep their names."""
    kubectl("create -f -", stdin=DATABASE)
    assert "2 new pods" in kubectl("rollout status sts/db --timeout=60s")
    before = kubectl("get pod db-1 -o jsonpath={.metadata.uid}")
    kubectl("delete pod db-1 --grace-period=1")
    kubectl("rollout status sts/db --timeout=60s")
    until(lambda: kubectl("get pod db-1 --ignore-not-found -o jsonpath={.metadata.uid}") not in ("", before))
    assert kubectl("get svc db -o jsonpath={.spec.clusterIP}") == "None"


def test_an_indexed_job_completes(kubectl):
    """A Job's pods get their index; describe counts them; events are in order."""
    kubectl("create -f -", stdin=COUNTED)
    kubectl("wait job/counted --for=condition=Complete --timeout=60s")
    lines = kubectl("logs -l app=counted --prefix").splitlines()
    assert sorted(line.rpartition(" ")[2] for line in lines) == ["0", "1", "2"]
    text = kubectl("describe job counted")
    assert "0 Active (0 Ready) / 3 Succeeded / 0 Failed" in text
    assert re.search(r"Completed Indexes:\s+0-2", text)
    reasons = [row[2] for row in words(kubectl("get events --sort-by=.metadata.creationTimestamp"))[1:]]
    assert reasons.count("SuccessfulCreate") == 3


def test_delete_waits_and_cascades(kubectl):
    """delete waits for the processes; foreground takes the pods first, orphan leaves them."""
    kubectl("create -f -", stdin=IDLE)
    kubectl("rollout status deploy/idle --timeout=60s")
    kubectl("delete deploy idle --cascade=orphan")
    left = kubectl("get rs,pods -o name").split()
    assert len(left) == 3
    until(lambda: "ownerReferences" not in kubectl("get rs -o json"))
    kubectl("delete rs --all --cascade=foreground --timeout=60s")
    assert kubectl("get rs,pods -o name") == ""


def test_a_namespace_takes_everything_with_it(kubectl):
    """delete namespace returns when its processes have ended, and nothing of it is left."""
    kubectl("create -f -", stdin=IDLE)
    kubectl("rollout status deploy/idle --timeout=60s")
    kubectl(f"delete namespace {kubectl.namespace} --timeout=60s")
    assert kubectl("get all,cm,events -o name") == ""
    assert "not found" in kubectl(f"get ns {kubectl.namespace}", fails=True)


def test_apply_prunes_and_diff_foretells(kubectl):
    """diff shows what apply would do to a live object; apply --prune removes what is no longer said."""
    one = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "labels": {"set": "x"}}}
    two = {**one, "metadata": {"name": "two", "labels": {"set": "x"}}}
    whole = json.dumps({"apiVersion": "v1", "kind": "List", "items": [one, two]})
    kubectl("apply -l set=x -f -", stdin=whole)
    pruned = kubectl("apply -l set=x --prune --prune-allowlist=core/v1/ConfigMap -f -", stdin=json.dumps(one))
    assert "configmap/two pruned" in pruned
    kubectl("apply -f -", stdin=IDLE)
    kubectl("rollout status deploy/idle --timeout=60s")
    assert kubectl("diff -f -", stdin=IDLE) == ""
    done = kubectl.run("diff", "-f", "-", stdin=IDLE.replace("replicas: 2", "replicas: 5"))
    assert done.returncode == 1
    assert re.search(r"(?m)^\+  replicas: 5$", done.stdout)


def test_a_pytorchjob_by_hand(kubectl):
    """kubectl apply of a PyTorchJob: its ranks find each other, and describe shows how it ended."""
    command = ["python3", "-c", MEET]
    replicas = {"Master": (1, command), "Worker": (2, command)}
    kubectl("apply -f -", stdin=training("PyTorchJob", "v1", "pytorch", replicas))
    kubectl("wait pytorchjob/train --for=condition=Succeeded --timeout=60s")
    assert kubectl("logs train-master-0") == "met rank1 rank2\n"
    assert words(kubectl("get pytorchjobs"))[1][:2] == ["train", "Succeeded"]
    text = kubectl("describe pytorchjob train")
    assert "Pytorch Replica Specs" in text
    assert "SuccessfulCreatePod" in text
    kubectl("delete pytorchjob train --timeout=60s")
    until(lambda: kubectl("get pods,svc -o name") == "")


def test_a_tfjob_by_hand(kubectl):
    """kubectl apply of a TFJob: its workers meet by TF_CONFIG."""
    replicas = {"Worker": (2, ["python3", "-c", MEET_TF])}
    kubectl("apply -f -", stdin=training("TFJob", "v1", "tensorflow", replicas))
    kubectl("wait tfjob/train --for=condition=Succeeded --timeout=60s")
    assert kubectl("logs train-worker-0") == "met task1\n"


def test_an_mpijob_by_hand(kubectl):
    """kubectl apply of an MPIJob: the launcher's hostfile has a slot for each worker."""
    command = ["sh", "-c", 'cat "$OMPI_MCA_orte_default_hostfile"']
    replicas = {"Launcher": (1, command), "Worker": (2, ["sleep", "600"])}
    kubectl("apply -f -", stdin=training("MPIJob", "v2beta1", "mpi", replicas))
    kubectl("wait mpijob/train --for=condition=Succeeded --timeout=60s")
    found = kubectl("logs -l training.kubeflow.org/job-role=launcher")
    assert sum(int(slots) for slots in re.findall(r"slots=(\d+)", found)) == 2


def test_gpus_beyond_the_quota_are_refused(kubectl):
    """A quota on GPUs counts running pods, and refuses too many, with its name."""
    kubectl("create -f -", stdin=QUOTA)
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c", "image": "none", "command": ["sleep", "600"],
                                 "resources": {"limits": {"nvidia.com/gpu": 2}}}]},
    }  # fmt: skip
    kubectl("create -f -", stdin=json.dumps(pod))
    kubectl("wait pod/a --for=condition=Ready --timeout=60s")
    assert ["requests.nvidia.com/gpu", "2", "2"] in words(kubectl("describe quota gpus"))
    seen = kubectl("exec a -- sh -c", "echo ${CUDA_VISIBLE_DEVICES:-$ARENA_VIRTUAL_GPUS}").strip()
    assert len(seen.split(",")) == 2
    pod["metadata"]["name"] = "b"
    refused = kubectl("create -f -", stdin=json.dumps(pod), fails=True)
    assert "exceeded quota: gpus" in refused


def test_a_job_that_kubectl_makes_itself(kubectl):
    """kubectl create job sends protobuf, and the job runs."""
    kubectl("create configmap greeting --from-literal=word=hello")
    kubectl("create job greet --image=none -- echo hello")
    kubectl("wait job/greet --for=condition=Complete --timeout=60s")
    assert kubectl("logs job/greet") == "hello\n"
