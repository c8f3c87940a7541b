"""kubectl, unmodified, as the judge of the server's objects.

It decodes strictly what the server says, and its verbs are a long list of small promises.
"""

import json
import re

import pytest
from kubectl import Kubectl, needed, words

from arena.local.objects import CONFIGMAPS, DEPLOYMENTS, PODS

pytestmark = needed

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: registry/i:1
        command: [sleep, "100"]
        ports: [{containerPort: 80}]
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {app: NAME}}
spec: {containers: [{name: c, image: "i:1", command: ["true"]}]}
"""
PYTORCH = """
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: ddp}
spec:
  pytorchReplicaSpecs:
    Master:
      replicas: 1
      template: {spec: {containers: [{name: pytorch, image: i, command: ["true"]}]}}
"""


NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: team}
"""
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: q}
spec: {hard: {pods: 1}}
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {k: word}
"""


@pytest.fixture
def kubectl(server, tmp_path):
    config = tmp_path / "kubeconfig"
    config.write_text(server.kubeconfig())
    return Kubectl(config, tmp_path)


def test_it_finds_every_type(kubectl):
    """api-resources lists the types with short names, categories and scope."""
    rows = {row[-1]: row for row in words(kubectl("api-resources --sort-by=name"))}
    assert rows["Pod"] == ["pods", "po", "v1", "true", "Pod"]
    assert rows["PyTorchJob"] == ["pytorchjobs", "kubeflow.org/v1", "true", "PyTorchJob"]
    assert rows["Node"] == ["nodes", "no", "v1", "false", "Node"]
    assert "kubeflow.org/v2beta1" in kubectl("api-versions")
    assert "pods" in kubectl("api-resources --categories=all -o name").split()
    assert "Server Version: v1.3" in kubectl("version")


def test_get_prints_tables(kubectl, api):
    """get prints the familiar columns, wide ones with -o wide, and all kinds with get all."""
    kubectl("create -f -", stdin=POD.replace("NAME", "a"))
    assert words(kubectl("get pods"))[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert words(kubectl("get pods"))[1][:4] == ["a", "0/1", "Pending", "0"]
    assert "NOMINATED NODE" in kubectl("get po -o wide")
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    container = {
        "name": "c",
        "image": "i:1",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": state,
    }
    status = {"phase": "Running", "podIP": "127.0.0.1", "containerStatuses": [container]}
    api.patch(PODS, "a", {"status": status}, subresource="status")
    assert words(kubectl("get pods --no-headers"))[0][2] == "CrashLoopBackOff"
    kubectl("create -f -", stdin=DEPLOYMENT)
    assert {"pod/a", "deployment.apps/web"} <= {row[0] for row in words(kubectl("get all")) if row}
    assert words(kubectl("get deploy"))[1][:4] == ["web", "0/2", "0", "0"]


def test_get_selects_and_formats(kubectl):
    """Selectors, all namespaces, chunks and the output formats choose what they name."""
    kubectl("create -f -", stdin="---".join(POD.replace("NAME", name) for name in ("a", "b", "c")))
    assert kubectl("get pods -o name").split() == ["pod/a", "pod/b", "pod/c"]
    assert kubectl("get pods -l app=b -o name").split() == ["pod/b"]
    assert kubectl("get pods -l app!=b,app -o name").split() == ["pod/a", "pod/c"]
    assert kubectl("get pods --field-selector metadata.name=c -o name").split() == ["pod/c"]
    assert kubectl("get pods --field-selector status.phase!=Pending -o name") == ""
    assert kubectl("get pods -A --chunk-size=1 -o name").split() == ["pod/a", "pod/b", "pod/c"]
    assert [row[1] for row in words(kubectl("get pods -A --chunk-size=2"))][1:] == ["a", "b", "c"]
    assert json.loads(kubectl("get pod a -o json"))["metadata"]["labels"] == {"app": "a"}
    assert "kind: Pod" in kubectl("get pod a -o yaml")
    assert kubectl("get pods -o jsonpath={.items[*].metadata.name}") == "a b c"
    assert words(kubectl("get pods -o custom-columns=N:.metadata.name"))[1] == ["a"]
    assert "field label not supported" in kubectl("get pods --field-selector spec.x=1", fails=True)
    assert 'pods "x" not found' in kubectl("get pod x", fails=True)


def test_get_watches(kubectl, api):
    """get -w prints one line for every change, with the header once."""
    kubectl("create -f -", stdin=POD.replace("NAME", "a"))
    with kubectl.start("get pods -w") as process:
        lines = [process.stdout.readline().split() for _ in range(2)]
        api.patch(PODS, "a", {"status": {"phase": "Running"}}, subresource="status")
        lines.append(process.stdout.readline().split())
        process.terminate()
    assert [line[2] for line in lines] == ["STATUS", "Pending", "Running"]


def test_apply_creates_changes_and_rests(kubectl, api):
    """apply creates, says unchanged, merges by key, and removes what the file no longer has."""
    assert kubectl("apply -f -", stdin=DEPLOYMENT) == "deployment.apps/web created\n"
    assert kubectl("apply -f -", stdin=DEPLOYMENT) == "deployment.apps/web unchanged\n"
    changed = DEPLOYMENT.replace("i:1", "i:2").replace(', {name: B, value: "2"}', "")
    assert kubectl("apply -f -", stdin=changed) == "deployment.apps/web configured\n"
    container = api.get(DEPLOYMENTS, "web")["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["env"]) == ("registry/i:2", [{"name": "A", "value": "1"}])
    assert container["command"] == ["sleep", "100"]


def test_apply_merges_custom_kinds(kubectl):
    """apply works on training jobs, whose patches are plain merge patches."""
    assert kubectl("apply -f -", stdin=PYTORCH) == "pytorchjob.kubeflow.org/ddp created\n"
    assert kubectl("apply -f -", stdin=PYTORCH) == "pytorchjob.kubeflow.org/ddp unchanged\n"
    changed = PYTORCH.replace("spec:\n", "spec:\n  runPolicy: {suspend: true}\n", 1)
    assert kubectl("apply -f -", stdin=changed) == "pytorchjob.kubeflow.org/ddp configured\n"
    assert kubectl("get pytorchjob ddp -o jsonpath={.spec.runPolicy.suspend}") == "true"
    assert kubectl("get pytorchjob ddp -o jsonpath={.metadata.generation}") == "2"


def test_server_side_apply_settles_conflicts(kubectl):
    """Server-side apply names the fields that another manager owns; force takes them."""
    two = DEPLOYMENT.replace("replicas: 2", "replicas: 3")
    kubectl("apply --server-side --field-manager=one -f -", stdin=DEPLOYMENT)
    refused = kubectl("apply --server-side --field-manager=two -f -", stdin=two, fails=True)
    assert 'conflict with "one": .spec.replicas' in refused
    kubectl("apply --server-side --field-manager=two --force-conflicts -f -", stdin=two)
    assert kubectl("get deploy web -o jsonpath={.spec.replicas}") == "3"
    version = kubectl("get deploy web -o jsonpath={.metadata.resourceVersion}")
    kubectl("apply --server-side --field-manager=two -f -", stdin=two)
    assert kubectl("get deploy web -o jsonpath={.metadata.resourceVersion}") == version
    kubectl("scale deploy web --replicas=5")
    assert 'conflict with "kubectl"' in kubectl(
        "apply --server-side --field-manager=two -f -", stdin=two, fails=True
    )
    managers = kubectl(
        "get deploy web --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}"
    )
    assert set(managers.split()) == {"one", "two", "kubectl"}


def test_server_side_apply_takes_over_from_client_side_apply(kubectl):
    """After kubectl's own migration the object has one manager, and removed fields go."""
    kubectl("apply -f -", stdin=DEPLOYMENT)
    kubectl("apply --server-side -f -", stdin=DEPLOYMENT)
    kubectl("apply --server-side -f -", stdin=DEPLOYMENT.replace(', {name: B, value: "2"}', ""))
    names = "get deploy web -o jsonpath={.spec.template.spec.containers[0].env[*].name}"
    assert kubectl(names) == "A"


def test_server_side_apply_leaves_what_the_cluster_filled_in(kubectl, api):
    """kubectl's migration of a pod that has a node does not try to take the pod off its node."""
    pod = POD.replace("NAME", "p")
    kubectl("apply -f -", stdin=pod)
    api.patch(PODS, "p", {"spec": {"nodeName": "local"}}, "default")
    done = kubectl.run("apply", "--server-side", "-f", "-", stdin=pod)
    assert (done.returncode, done.stderr) == (0, "")
    assert kubectl("get pod p -o jsonpath={.spec.nodeName}") == "local"


def test_diff_shows_the_change_and_keeps_it_out(kubectl):
    """diff prints what apply would do, without doing it; no difference is exit code 0."""
    kubectl("apply -f -", stdin=DEPLOYMENT)
    assert kubectl("diff -f -", stdin=DEPLOYMENT) == ""
    done = kubectl.run("diff", "-f", "-", stdin=DEPLOYMENT.replace("i:1", "i:2"))
    assert done.returncode == 1
    assert "+        image: registry/i:2" in done.stdout
    assert "resourceVersion" not in re.sub(r"(?m)^ .*$", "", done.stdout)
    assert "registry/i:1" in kubectl("get deploy web -o wide")


def test_dry_runs_leave_nothing(kubectl):
    """--dry-run=server answers as if, and refuses what would be refused."""
    assert "created (server dry run)" in kubectl("create --dry-run=server -f -", stdin=DEPLOYMENT)
    assert kubectl("get deploy -o name") == ""
    bad = DEPLOYMENT.replace("containerPort: 80", "containerPort: 80000")
    assert "must be between 1 and 65535" in kubectl("create --dry-run=server -f -", stdin=bad, fails=True)


def test_describe_tells_the_story(kubectl):
    """describe works on objects, with the events that are about them."""
    kubectl("create -f -", stdin=POD.replace("NAME", "a"))
    uid = kubectl("get pod a -o jsonpath={.metadata.uid}")
    event = f"""
        apiVersion: v1
        kind: Event
        metadata: {{name: a.1}}
        involvedObject: {{apiVersion: v1, kind: Pod, name: a, namespace: default, uid: {uid}}}
        reason: Started
        message: began
        type: Normal
        source: {{component: kubelet}}
        firstTimestamp: "2026-01-01T00:00:00Z"
        lastTimestamp: "2026-01-01T00:00:00Z"
        count: 1
        """
    kubectl("create -f -", stdin=event)
    assert "began" in kubectl("describe pod a")
    assert "Started" in kubectl("events --for pod/a")
    assert words(kubectl("get events"))[1][1:4] == ["Normal", "Started", "pod/a"]
    kubectl("create -f -", stdin=PYTORCH)
    assert "Pytorch Replica Specs" in kubectl("describe pytorchjob ddp")
    kubectl("create -f -", stdin=DEPLOYMENT)
    assert "2 desired" in kubectl("describe deploy web")


def test_unknown_fields_are_named(kubectl):
    """A misspelt field is refused with its path, because kubectl requests strict validation."""
    typo = DEPLOYMENT.replace("replicas:", "replcias:")
    assert 'unknown field "spec.replcias"' in kubectl("create -f -", stdin=typo, fails=True)
    assert 'unknown field "spec.replcias"' in kubectl("apply -f -", stdin=typo, fails=True)
    done = kubectl.run("create", "--validate=warn", "-f", "-", stdin=typo)
    assert 'Warning: unknown field "spec.replcias"' in done.stderr
    wrong = PYTORCH.replace("replicas: 1", "replicas: 2")
    assert "must be 1, not 2" in kubectl("create -f -", stdin=wrong, fails=True)


def test_replace_puts_the_whole(kubectl):
    """replace writes a file over an object; an outdated copy is refused; --force makes it anew."""
    kubectl("create -f -", stdin=POD.replace("NAME", "a"))
    old = kubectl("get pod a -o json")
    changed = json.loads(old)
    changed["spec"]["containers"][0]["image"] = "i:2"
    assert "replaced" in kubectl("replace -f -", stdin=json.dumps(changed))
    assert "the object has been modified" in kubectl("replace -f -", stdin=old, fails=True)
    changed["spec"]["containers"][0]["command"] = ["false"]
    del changed["metadata"]["resourceVersion"]
    assert "pod updates may not change fields" in kubectl(
        "replace -f -", stdin=json.dumps(changed), fails=True
    )
    assert "replaced" in kubectl("replace --force -f -", stdin=POD.replace("NAME", "a"))


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("merge", '{"data":{"x":null,"y":"2"}}'),
        ("strategic", '{"data":{"x":null,"y":"2"}}'),
        ("json", '[{"op":"remove","path":"/data/x"},{"op":"add","path":"/data/y","value":"2"}]'),
    ],
)
def test_patch_in_three_ways(kubectl, api, kind, patch):
    """merge, strategic and JSON patches do the same by different means."""
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}, "data": {"x": "1"}})
    kubectl(f"patch cm a --type={kind} -p {patch}")
    assert api.get(CONFIGMAPS, "a")["data"] == {"y": "2"}
    assert kubectl(f"patch cm b --type={kind} -p {patch}", fails=True)


def test_labels_annotations_and_images_are_set(kubectl):
    """label, annotate, set image, set env and rollout restart change what they name."""
    kubectl("create -f -", stdin=DEPLOYMENT)
    kubectl("label deploy web tier=front")
    kubectl("label deploy web tier-")
    kubectl("annotate deploy web note=x")
    kubectl("set image deploy/web c=registry/i:7")
    kubectl("set env deploy/web A-")
    kubectl("rollout restart deploy/web")
    found = json.loads(kubectl("get deploy web -o json"))
    template = found["spec"]["template"]
    assert (found["metadata"]["labels"], found["metadata"]["annotations"]["note"]) == ({"app": "web"}, "x")
    assert template["spec"]["containers"][0]["image"] == "registry/i:7"
    assert [one["name"] for one in template["spec"]["containers"][0]["env"]] == ["B"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]


def test_scale_and_expose(kubectl):
    """scale uses the scale subresource; expose makes a Service with an address and ports."""
    kubectl("create -f -", stdin=DEPLOYMENT)
    assert kubectl("scale deploy web --replicas=4 --current-replicas=2") == "deployment.apps/web scaled\n"
    assert kubectl("get deploy web -o jsonpath={.spec.replicas}") == "4"
    kubectl("expose deploy web --port=80")
    assert words(kubectl("get svc web"))[1][1:5] == ["ClusterIP", "127.0.0.1", "<none>", "80/TCP"]


def test_rollout_status_reads_the_status(kubectl, api):
    """rollout status waits for the status that a controller writes."""
    kubectl("create -f -", stdin=DEPLOYMENT)
    with kubectl.start("rollout status deploy/web --timeout=60s") as process:
        assert "Waiting for deployment spec update" in process.stdout.readline()
        done = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
        api.patch(DEPLOYMENTS, "web", {"status": done}, subresource="status")
        assert "successfully rolled out" in process.communicate()[0]
    assert process.returncode == 0


def test_delete_waits_until_gone(kubectl, api):
    """delete returns when the object is gone, which for a pod on a node is its kubelet's word."""
    kubectl("create -f -", stdin=POD.replace("NAME", "a"))
    api.patch(PODS, "a", {"spec": {"nodeName": "local"}})
    watch = api.watch(PODS)
    with kubectl.start("delete pod a") as process:
        while "deletionTimestamp" not in watch.poll(60).object["metadata"]:
            pass
        assert words(kubectl("get pods"))[1][2] == "Terminating"
        assert process.poll() is None
        api.delete(PODS, "a", grace=0)
        process.communicate(timeout=60)
    watch.close()
    assert process.returncode == 0
    kubectl("create -f -", stdin=POD.replace("NAME", "b"))
    api.patch(PODS, "b", {"spec": {"nodeName": "local"}})
    kubectl("delete pod b --grace-period=0 --force")
    kubectl("create -f -", stdin=DEPLOYMENT)
    assert kubectl("delete -f -", stdin=DEPLOYMENT) == 'deployment.apps "web" deleted\n'
    assert kubectl("delete pods --all") == "No resources found\n"


def test_wait_sees_conditions(kubectl, api):
    """wait --for condition, jsonpath and delete return when it is so, and fail in time when not."""
    kubectl("create -f -", stdin=POD.replace("NAME", "a"))
    assert "timed out" in kubectl("wait pod a --for=condition=Ready --timeout=1s", fails=True)
    with kubectl.start("wait pod a --for=condition=Ready --timeout=60s") as process:
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        api.patch(PODS, "a", {"status": status}, subresource="status")
        assert process.communicate()[0] == "pod/a condition met\n"
    kubectl("wait pod a --for=jsonpath={.status.phase}=Running --timeout=60s")
    with kubectl.start("wait pod a --for=delete --timeout=60s") as process:
        api.delete(PODS, "a")
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_explain_knows_the_fields(kubectl):
    """explain walks the fields of core, apps and training kinds."""
    assert "restartPolicy" in kubectl("explain pod.spec")
    assert "containerPort\t<integer> -required-" in kubectl("explain pod.spec.containers.ports")
    assert "rollingUpdate" in kubectl("explain deployment.spec.strategy")
    assert "cleanPodPolicy" in kubectl("explain pytorchjob.spec.runPolicy")
    assert "slotsPerWorker" in kubectl("explain mpijob.spec --recursive")
    assert "does not exist" in kubectl("explain pod.spec.nothing", fails=True)


def test_definitions_of_custom_kinds_are_read(kubectl):
    """Definitions are listed, waited for, shown with names, versions and columns, and never changed."""
    assert words(kubectl("get crd --chunk-size=5"))[0] == ["NAME", "CREATED", "AT"]
    names = kubectl("get crd -o name").split()
    assert "customresourcedefinition.apiextensions.k8s.io/tfjobs.kubeflow.org" in names
    assert names == kubectl("get customresourcedefinitions --chunk-size=5 -o name").split()
    met = "condition met"
    assert met in kubectl("wait crd/jobsets.jobset.x-k8s.io --for=condition=Established --timeout=60s")
    found = json.loads(kubectl("get crd clustertrainingruntimes.trainer.kubeflow.org -o json"))
    assert (found["spec"]["scope"], found["status"]["storedVersions"]) == ("Cluster", ["v1alpha1"])
    path = "{.spec.versions[0]['additionalPrinterColumns','subresources']}"
    shown = kubectl("get crd jaxjobs.kubeflow.org -o", f"jsonpath={path}")
    assert ".status.conditions[-1:].type" in shown
    assert ".spec.jaxReplicaSpecs.Worker.replicas" in shown
    assert "singular: rayjob" in kubectl("get crd rayjobs.ray.io -o yaml")
    assert "Established" in kubectl("describe crd rayjobs.ray.io")
    assert "versions" in kubectl("explain crd.spec")
    for line in ("delete crd rayjobs.ray.io", "label crd rayjobs.ray.io a=b"):
        assert "customresourcedefinitions.apiextensions.k8s.io can only be read" in kubectl(line, fails=True)


def test_explain_shows_the_types_of_custom_kinds(kubectl):
    """Integers, texts, numbers that may be texts, lists and maps are shown as on a cluster."""
    shown = kubectl("explain rayjob.spec")
    assert "backoffLimit\t<integer>" in shown
    shown = kubectl("explain pytorchjob.spec.pytorchReplicaSpecs.template.spec.containers")
    assert "command\t<[]string>" in shown
    assert "resources\t<Object>" in shown
    assert "name\t<string> -required-" in shown
    shown = kubectl("explain pytorchjob.spec.pytorchReplicaSpecs.template.spec.containers.resources")
    assert "limits\t<map[string]Object>" in shown


def test_namespaces_come_and_go(kubectl):
    """A namespace holds objects of its own and takes them with it."""
    kubectl("create -f -", stdin=NAMESPACE)
    kubectl("-n team create -f -", stdin=DEPLOYMENT)
    assert kubectl("get deploy -o name") == ""
    assert [row[0] for row in words(kubectl("get deploy -A"))] == ["NAMESPACE", "team"]
    assert kubectl("delete ns team") == 'namespace "team" deleted\n'
    assert kubectl("get deploy -A -o name") == ""
    assert 'namespaces "team" not found' in kubectl("-n team create -f -", stdin=DEPLOYMENT, fails=True)
    assert "may not be deleted" in kubectl("delete ns default", fails=True)


def test_quotas_are_shown_and_enforced(kubectl):
    """describe quota shows used and hard; a pod beyond it is refused."""
    kubectl("create -f -", stdin=QUOTA)
    kubectl("create -f -", stdin=POD.replace("NAME", "a"))
    assert ["pods", "1", "1"] in words(kubectl("describe quota q"))
    assert "exceeded quota: q" in kubectl("create -f -", stdin=POD.replace("NAME", "b"), fails=True)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("configmap a --from-literal=x=1", "configmap a .data.x 1"),
        ("secret generic a --from-literal=x=1", "secret a .data.x MQ=="),
        ("job a --image=i -- true", "job a .spec.template.spec.containers[0].command ['true']"),
        ("cronjob a --image=i --schedule=@daily -- true", "cronjob a .spec.schedule @daily"),
        ("deployment a --image=i --replicas=0", "deployment a .spec.replicas 0"),
        ("namespace a", "namespace a .status.phase Active"),
        ("quota a --hard=pods=3", "quota a .spec.hard.pods 3"),
        ("role a --verb=get --resource=pods", "role a .rules[0].resources ['pods']"),
        ("clusterrole a --verb=get --non-resource-url=/x", "clusterrole a .rules[0].nonResourceURLs ['/x']"),
        ("rolebinding a --role=b --serviceaccount=c:d", "rolebinding a .subjects[0].name d"),
        ("serviceaccount a", "serviceaccount a .metadata.name a"),
        ("service clusterip a --tcp=80:web", "service a .spec.ports[0].targetPort web"),
        ("poddisruptionbudget a --selector=a=b --min-available=1", "pdb a .spec.minAvailable 1"),
        ("priorityclass a --value=7", "priorityclass a .value 7"),
    ],
)
def test_what_kubectl_creates_itself(kubectl, line, shown):
    """Its generators, most of which send protobuf."""
    kubectl(f"create {line}")
    kind, name, path, expected = shown.split(" ", 3)
    assert kubectl(f"get {kind} {name} -o jsonpath={{{path}}}").replace('"', "'") == expected


def test_what_is_not_served_does_not_break_kubectl(kubectl):
    """kubectl debug needs something that the server does not have, and says so instead of crashing."""
    kubectl("create -f -", stdin=POD.replace("NAME", "p"))
    refused = kubectl("debug p --image=i -- sh", fails=True)
    assert "ephemeral containers are disabled for this cluster" in refused


def test_secrets_take_plain_text(kubectl):
    """stringData is stored as base64 data, and shown as such."""
    kubectl("create -f -", stdin=SECRET)
    assert kubectl("get secret s -o jsonpath={.data.k}") == "d29yZA=="
    assert words(kubectl("get secrets"))[1][:3] == ["s", "Opaque", "1"]
