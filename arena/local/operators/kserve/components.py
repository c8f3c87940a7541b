"""The Deployment and the Service of a component of an InferenceService."""

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from arena import engines
from arena.local.machinery import model_storage
from arena.local.machinery.model_storage import Unreadable
from arena.local.machinery.pod_template import overlaid
from arena.local.objects import Object, Objects
from arena.local.operators.kserve import kinds, runtimes
from arena.local.operators.kserve.kinds import COMPONENT_LABEL, CONTAINER, PREDICTOR, SERVICE_LABEL
from arena.local.operators.kserve.runtimes import Unusable

PORT = 8080
DIGEST, REVISION = "local.arena.io/template", "local.arena.io/revision"
"""Annotations of a Deployment: the digest of its pod template, and the number of its revision."""
APP = "app"
REVISION_LABEL = "serving.knative.dev/revision"
_OWN = ("kubectl.kubernetes.io/", f"{kinds.GROUP}/", "arena.kubeflow.org/")
"""The beginnings of annotations that are about the InferenceService, and not about its pods."""
_EXTENSIONS = (
    "annotations",
    "autoScaling",
    "batcher",
    "canaryTrafficPercent",
    "containerConcurrency",
    "deploymentStrategy",
    "labels",
    "logger",
    "maxReplicas",
    "minReplicas",
    "model",
    "name",
    "resources",
    "scaleMetric",
    "scaleMetricType",
    "scaleTarget",
    "storageContainerName",
    "storageUris",
    "timeout",
    "workerSpec",
)
"""The fields of a component that are not those of its pods."""
_IN_FRONT = ("batcher", "containerConcurrency", "logger")
"""Fields of a component that have no effect: what KServe puts in front of the server does them."""
_SCALING = ("autoScaling", "scaleMetricType")
"""Fields of a component that have no effect: they are for KEDA."""


@dataclass(frozen=True)
class Component:
    """A component of an InferenceService: its predictor, transformer or explainer, or a canary.

    Attributes:
        kind: `predictor`, `transformer` or `explainer`.
        title: the name of its Deployment.
        spec: its part of the InferenceService's spec.
    """

    service: Object
    kind: str
    title: str
    spec: Object

    @property
    def replicas(self) -> int:
        """The number of pods that it starts with, and has at least while it is asked."""
        return max(1, int(self.spec.get("minReplicas") or 1))

    @property
    def sleeps(self) -> bool:
        """Whether it has no pods while nobody asks it."""
        return self.spec.get("minReplicas") == 0

    @property
    def app(self) -> str:
        """The label `app` of its pods, by which its Deployment knows them."""
        return f"isvc.{self.title}"[:63].rstrip("-.")

    def labels(self) -> dict[str, str]:
        """The labels of its objects and pods."""
        meta = self.service["metadata"]
        given = {**(meta.get("labels") or {}), **(self.spec.get("labels") or {})}
        own = {APP: self.app, SERVICE_LABEL: meta["name"], COMPONENT_LABEL: self.kind}
        return {name: text for name, text in given.items() if not name.startswith("kubectl.")} | own


def limits(spec: Object) -> str:
    """What the spec of an InferenceService asks for, and the local cluster does not do; "" if it does all."""
    canaries = enumerate(spec.get("canary") or [])
    named = [(name, spec.get(name) or {}) for name in kinds.COMPONENTS]
    named += [(f"canary[{number}].{PREDICTOR}", one[PREDICTOR]) for number, one in canaries]
    ignored = []
    for fields, effect in (
        (_IN_FRONT, "requests are neither logged, batched nor limited"),
        (_SCALING, "there is no KEDA"),
    ):
        # A concurrency of 0 is no limit, which is what it has.
        found = [
            f"{path}.{field}" for path, part in named for field in fields if part.get(field) not in (None, 0)
        ]
        ignored += [f"{', '.join(found)}: {effect}"] if found else []
    return f"the local cluster ignores {'; '.join(ignored)}" if ignored else ""


def digest(template: Object) -> str:
    """The identity of a pod template."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def template(objects: Objects, component: Component, address: str) -> tuple[Object, Object | None]:
    """The pod template of a component, and the runtime that it is made from, if any.

    It has no label of the Deployment that it will be in, so that it can move to another one.

    Args:
        address: where its predictor is reached, for a transformer or explainer.

    Raises:
        Unusable: the local cluster cannot serve it.
    """
    spec = component.spec
    if spec.get("workerSpec"):
        raise Unusable("InvalidPredictorSpec", "the local cluster has no predictors of several nodes")
    own = {field: copy.deepcopy(value) for field, value in spec.items() if field not in _EXTENSIONS}
    runtime = None
    if spec.get("model"):
        runtime = runtimes.choose(objects, component.service, spec["model"])
        own = overlaid(runtimes.pod(runtime, component.service, spec["model"]), own)
    main = served(own)
    if component.kind != PREDICTOR:
        _introduce(main, component.service["metadata"]["name"], address)
    _attach(own, main, spec)
    _complete(main)
    meta: Object = {"labels": {name: text for name, text in component.labels().items() if name != APP}}
    if notes := _annotations(component):
        meta["annotations"] = notes
    return {"metadata": meta, "spec": own}, runtime


def _attach(pod: Object, container: Object, component: Object) -> None:
    """Mount what the component's model or container asks for, in place; raises Unusable."""
    model = component.get("model") or {}
    given = {one["name"]: one.get("value") for one in container.get("env") or []}
    uri = model.get("storageUri") or given.get("STORAGE_URI")
    wanted = [(one["uri"], one.get("mountPath")) for one in component.get("storageUris") or []]
    if uri:
        wanted.append((uri, None))
    if model.get("storage"):
        raise Unusable("InvalidPredictorSpec", "the local cluster has no storage secrets: use storageUri")
    try:
        for number, (source, path) in enumerate(wanted):
            model_storage.mount(pod, container, source, path or model_storage.MOUNT, number)
    except Unreadable as why:
        raise Unusable("InvalidPredictorSpec", str(why)) from why


def served(pod: Object) -> Object:
    """The container that serves; it is the first one where none has its name."""
    containers: list[Object] = pod["containers"]
    return next((one for one in containers if one["name"] == CONTAINER), containers[0])


def _complete(container: Object) -> None:
    """Add what every container that serves has: a port, a probe, a calm end, and its last words."""
    if not container.get("ports"):
        container["ports"] = [{"containerPort": PORT, "protocol": "TCP"}]
    port = container["ports"][0]["containerPort"]
    container.setdefault("readinessProbe", {"tcpSocket": {"port": port}, "periodSeconds": 1})
    # Requests that are on their way still find it.
    container.setdefault("lifecycle", {"preStop": {"exec": {"command": ["sleep", "1"]}}})
    container.setdefault("terminationMessagePolicy", "FallbackToLogsOnError")
    command = container.get("command") or []
    if command[:1] == [kinds.ENGINE]:
        container["command"] = engines.words(engines.folder(), command[1], command[2:])


def _introduce(container: Object, name: str, address: str) -> None:
    """Tell a transformer or explainer what it is called and where its predictor is, as KServe does."""
    given = container.get("args") or []
    flags = {"--model_name": name, "--predictor_host": address, "--http_port": "$(PORT)"}
    added = [
        word
        for flag, value in flags.items()
        if not any(one == flag or str(one).startswith(f"{flag}=") for one in given)
        for word in (flag, value)
    ]
    container["args"] = [*given, *added]


def _annotations(component: Component) -> dict[str, str]:
    """The annotations of its pods: its own, and those of the InferenceService that are not about that."""
    given: dict[str, str] = component.service["metadata"].get("annotations") or {}
    kept = {name: text for name, text in given.items() if not name.startswith(_OWN)}
    return kept | (component.spec.get("annotations") or {})


def deployment(component: Component, pods: Object, number: int) -> Object:
    """The Deployment of a component in its revision of that number."""
    given: Mapping[str, str] = component.service["metadata"].get("annotations") or {}
    notes = {name: text for name, text in given.items() if not name.startswith("kubectl.kubernetes.io/")}
    found: Object = {
        "metadata": {
            "name": component.title,
            "labels": component.labels(),
            "annotations": {**notes, DIGEST: digest(pods), REVISION: str(number)},
        },
        "spec": {
            "replicas": component.replicas,
            "selector": {"matchLabels": {APP: component.app}},
            "template": numbered(component, pods, number),
        },
    }
    if component.spec.get("deploymentStrategy"):
        found["spec"]["strategy"] = component.spec["deploymentStrategy"]
    return found


def numbered(component: Component, pods: Object, number: int) -> Object:
    """A pod template whose pods say to which Deployment they belong, and of which revision they are."""
    found = copy.deepcopy(pods)
    found["metadata"]["labels"] |= {APP: component.app, REVISION_LABEL: revision(component, number)}
    return found


def revision(component: Component, number: int) -> str:
    """The name of a revision, as Knative names them."""
    name = f"{component.service['metadata']['name']}-{component.kind}"
    return f"{name[:57]}-{number:05}"


def service(component: Component, port: int) -> Object:
    """The Service of a Deployment, whose name it has."""
    return {
        "metadata": {"name": component.title, "labels": component.labels()},
        "spec": {
            "selector": {APP: component.app},
            "ports": [{"name": "http", "port": 80, "targetPort": port}],
        },
    }
