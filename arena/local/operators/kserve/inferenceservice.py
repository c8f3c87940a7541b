"""InferenceService: models and programs that answer requests, as Deployments behind Services.

The local cluster has one deployment mode, which KServe calls Standard. It also has what that of Knative has
besides: the share of a canary, and no pods while there are no requests.
"""

from collections.abc import Sequence
from functools import cached_property

from arena.local.definitions import Definition
from arena.local.machinery import conditions, pod_template, traffic
from arena.local.machinery.clock import earliest
from arena.local.machinery.loopback import allotted_ports
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.reconciler import Reconciler
from arena.local.machinery.traffic import Share
from arena.local.machinery.writes import difference
from arena.local.objects import (
    AUTOSCALERS,
    DEPLOYMENTS,
    HOLD,
    LOOPBACK,
    PODS,
    SERVICES,
    TRAFFIC,
    Object,
    Objects,
    key,
)
from arena.local.operators.kserve import (
    components,
    kinds,
    rollout,
    scaling,
    shipped_runtimes,
    statuses,
    validation,
)
from arena.local.operators.kserve.components import Component
from arena.local.operators.kserve.kinds import (
    CLUSTER_RUNTIMES,
    COMPONENT_LABEL,
    COMPONENTS,
    INFERENCE_SERVICES,
    PREDICTOR,
    RUNTIMES,
    SERVICE_LABEL,
    TRANSFORMER,
)
from arena.local.operators.kserve.rollout import Rollout
from arena.local.operators.kserve.runtimes import Unusable
from arena.local.operators.kserve.statuses import Readiness


def operator() -> Operator:
    """The operator of InferenceServices."""
    related = {PODS: _of_pod, RUNTIMES: _of_runtime, CLUSTER_RUNTIMES: _of_runtime}
    return InferenceService.operator(owns=(DEPLOYMENTS, SERVICES, AUTOSCALERS), related=related)


def _of_pod(_: Objects, pod: Object) -> list[Key]:
    name = (pod["metadata"].get("labels") or {}).get(SERVICE_LABEL)
    return [(key(pod)[0], name)] if name else []


def _of_runtime(objects: Objects, runtime: Object) -> list[Key]:
    """All that a changed runtime may serve."""
    namespace = key(runtime)[0] or None
    return [key(one) for one in objects.list(INFERENCE_SERVICES, namespace) if _uses_runtimes(one)]


def _uses_runtimes(service: Object) -> bool:
    return bool((service["spec"].get(PREDICTOR) or {}).get("model"))


class InferenceService(Reconciler):
    """One pass over one InferenceService."""

    resource = INFERENCE_SERVICES

    def reconcile(self) -> float | None:
        """Bring its Deployments and Services closer to its spec, and copy their state into its status."""
        again = None
        generation = self.obj["metadata"].get("generation", 1)
        if self.status.get("observedGeneration") != generation and (
            text := components.limits(self.obj["spec"])
        ):
            self.event("FieldsIgnored", text, "Warning")
        self.status["observedGeneration"] = generation
        self.status.setdefault("deploymentMode", kinds.mode(self.obj))
        if kinds.is_stopped(self.obj):
            self._stop()
        else:
            try:
                again = self._serve()
            except Unusable as why:
                self._refuse(why)
        self.write_status()
        return again

    @cached_property
    def name(self) -> str:
        """Its name."""
        return str(self.obj["metadata"]["name"])

    def _stop(self) -> None:
        """Remove all of it, as its annotation asks."""
        self._keep(())
        for name in ("url", "address", "components", "modelStatus", "canaryStatuses"):
            self.status.pop(name, None)
        self._report("Stopped", Readiness(True, "Stopped", "it is stopped by its annotation"))
        for component in COMPONENTS:
            if self.obj["spec"].get(component) is not None:
                self._report(f"{component.title()}Ready", Readiness(False, "Stopped", "it is stopped"))
        self._report("IngressReady", Readiness(False, "Stopped", "it is stopped"))
        self._report("Ready", Readiness(False, "Stopped", "it is stopped"))

    def _refuse(self, why: Unusable) -> None:
        """Report that nothing can serve the model; what serves an earlier one goes on."""
        before = self.status.get("modelStatus") or {}
        self._tell_model(
            statuses.unusable(why) | {name: before[name] for name in ("copies",) if name in before}
        )
        self._report("Stopped", Readiness(False))
        for name in ("PredictorReady", "Ready"):
            self._report(name, Readiness(False, why.reason, why.message))

    def _serve(self) -> float | None:
        """Run all components, each with a Service in front; the seconds until the next pass."""
        spec = self.obj["spec"]
        made = [self._run(name) for name in COMPONENTS if spec.get(name) is not None]
        canaries = [self._run_canary(one) for one in spec.get("canary") or []]
        members = [member for one in (*made, *canaries) for member in one.members]
        for component, deployment in members:
            self._front(component, deployment["spec"]["template"]["spec"])
        self._keep([component for component, _ in members])
        for one in made:
            self._direct(one, canaries if one.component.kind == PREDICTOR else ())
        self._describe(made, canaries)
        return earliest(*map(self._size, made))

    def _run(self, kind: str) -> Rollout:
        """The Deployments of a component."""
        component = Component(self.obj, kind, f"{self.name}-{kind}", self.obj["spec"][kind])
        address = "" if kind == PREDICTOR else self._address(PREDICTOR)
        pods, runtime = components.template(self.objects, component, address.removeprefix("http://"))
        self._front(component, pods["spec"])
        self._note_runtime(kind, runtime)
        return rollout.roll(self, component, pods)

    def _front(self, component: Component, pod: Object) -> None:
        """Keep the Service of a Deployment."""
        body = components.service(component, components.served(pod)["ports"][0]["containerPort"])
        there = self.ensure(SERVICES, body)
        if there["spec"]["ports"][0].get("targetPort") != body["spec"]["ports"][0]["targetPort"]:
            ports = {"ports": body["spec"]["ports"]}
            self.objects.patch(SERVICES, component.title, {"spec": ports}, key(self.obj)[0])

    def _run_canary(self, one: Object) -> Rollout:
        """The Deployment of a canary that the spec names."""
        spec = one[PREDICTOR]
        component = Component(self.obj, PREDICTOR, f"{self.name}-{spec['name']}-{PREDICTOR}", spec)
        pods, _ = components.template(self.objects, component, "")
        return rollout.beside(self, component, pods, int(one["trafficPercent"]))

    def _direct(self, one: Rollout, canaries: Sequence[Rollout]) -> None:
        """Split the requests among the Deployments of a component, and let them wait for the first pod."""
        weights = self._weights(one, canaries)
        shares = [Share(key(deployment)[1], percent) for deployment, percent in weights]
        patience = min(one.component.spec.get("timeout") or scaling.PATIENCE, int(traffic.LONGEST_HOLD))
        wanted = {
            TRAFFIC: traffic.text(shares) if len(shares) > 1 else None,
            HOLD: str(patience) if one.component.sleeps else None,
        }
        namespace, name = key(self.obj)[0], one.component.title
        service = self.objects.get(SERVICES, name, namespace) or {"metadata": {}}
        notes = service["metadata"].get("annotations") or {}
        change = {note: text for note, text in wanted.items() if notes.get(note) != text}
        if change:
            self.objects.patch(SERVICES, name, {"metadata": {"annotations": change}}, namespace)

    def _size(self, one: Rollout) -> float | None:
        """Keep its autoscaler, or end and start its last pod; the seconds until the next pass."""
        component, namespace = one.component, key(self.obj)[0]
        if scaling.has_autoscaler(component):
            body = scaling.autoscaler(component)
            there = self.ensure(AUTOSCALERS, body)
            if change := difference({name: there["spec"].get(name) for name in body["spec"]}, body["spec"]):
                self.objects.patch(AUTOSCALERS, component.title, {"spec": change}, namespace)
        service = self.objects.get(SERVICES, component.title, namespace)
        if not component.sleeps or service is None:
            return None
        wanted = scaling.size(component, one.stable, service, self.now)
        if wanted.replicas != one.stable["spec"].get("replicas", 1):
            self.objects.patch(
                DEPLOYMENTS, component.title, scaling.change(wanted.replicas, self.now), namespace
            )
        return wanted.again

    def _note_runtime(self, kind: str, runtime: Object | None) -> None:
        """Record which runtime serves the model."""
        if kind != PREDICTOR:
            return
        for name, resource in (
            ("servingRuntimeName", RUNTIMES),
            ("clusterServingRuntimeName", CLUSTER_RUNTIMES),
        ):
            self.status.pop(name, None)
            if runtime and runtime["kind"] == resource.kind:
                self.status[name] = runtime["metadata"]["name"]

    def _address(self, kind: str) -> str:
        """The URL of a component's Service."""
        namespace, name = key(self.obj)[0], f"{self.name}-{kind}"
        service = self.objects.get(SERVICES, name, namespace) or {"metadata": {}}
        port = allotted_ports(service).get(80)
        return f"http://{LOOPBACK}:{port}" if port else f"http://{name}.{namespace}.svc.cluster.local"

    def _keep(self, members: Sequence[Component]) -> None:
        """Remove what components that are no longer wanted have left."""
        scaled = [one.title for one in members if scaling.has_autoscaler(one)]
        names = [one.title for one in members]
        for resource, wanted in ((DEPLOYMENTS, names), (SERVICES, names), (AUTOSCALERS, scaled)):
            for one in self.owned(resource):
                if key(one)[1] not in wanted:
                    self.remove(resource, one)

    # What the status says

    def _describe(self, made: Sequence[Rollout], canaries: Sequence[Rollout]) -> None:
        before = self.status.get("components") or {}
        self.status["components"] = found = {}
        pods = {one.component.kind: self._pods(one.component.kind) for one in made}
        ready = {one.component.kind: statuses.readiness(one, pods[one.component.kind]) for one in made}
        for one in made:
            kind = one.component.kind
            weights = self._weights(one, canaries if kind == PREDICTOR else ())
            found[kind] = statuses.component(one, self._address(kind), weights, before.get(kind) or {})
            self._report(f"{kind.title()}Ready", ready[kind])
        entry = TRANSFORMER if TRANSFORMER in found else PREDICTOR
        self.status["url"] = found[entry]["url"]
        self.status["address"] = {"url": found[entry]["url"]}
        self._tell_model(statuses.model(made[0], pods[PREDICTOR]))
        self._describe_canaries(canaries)
        self._report("Stopped", Readiness(False))
        self._report("IngressReady", Readiness(True))
        lacking = next((one for one in ready.values() if not one.holds), Readiness(True))
        self._report("Ready", lacking)

    def _tell_model(self, found: Object) -> None:
        """Set the status of the model, and report a new failure by an Event."""
        before = (self.status.get("modelStatus") or {}).get("lastFailureInfo") or {}
        failed = found.get("lastFailureInfo") or {}
        self.status["modelStatus"] = found
        if failed and failed.get("message") != before.get("message"):
            self.event(failed["reason"], failed["message"], "Warning")

    def _describe_canaries(self, canaries: Sequence[Rollout]) -> None:
        self.status.pop("canaryStatuses", None)
        if not canaries:
            self.status["conditions"] = [
                one for one in self.status["conditions"] if one["type"] != "CanaryPredictorReady"
            ]
            return
        self.status["canaryStatuses"] = [
            {
                "name": one.component.spec["name"],
                "ready": rollout.is_available(one.stable),
                "trafficPercent": one.percent,
            }
            for one in canaries
        ]
        waiting = [one.component.spec["name"] for one in canaries if not rollout.is_available(one.stable)]
        text = f"no pod of {', '.join(waiting)} is ready yet"
        ready = Readiness(False, "CanaryNotReady", text) if waiting else Readiness(True, "AllCanariesReady")
        self._report("CanaryPredictorReady", ready)

    def _weights(self, one: Rollout, canaries: Sequence[Rollout]) -> list[tuple[Object, int]]:
        """The Deployments that get requests, with their percentages; a canary gets some when it is ready."""
        beside = [(canary.stable, canary.percent) for canary in canaries]
        if one.canary:
            beside.append((one.canary, one.percent))
        ready = [(deployment, percent) for deployment, percent in beside if rollout.is_available(deployment)]
        return [(one.stable, 100 - sum(percent for _, percent in ready)), *ready]

    def _pods(self, kind: str) -> list[Object]:
        labels = {SERVICE_LABEL: self.name, COMPONENT_LABEL: kind}
        return self.objects.list(PODS, key(self.obj)[0], pod_template.selector(labels))

    def _report(self, kind: str, ready: Readiness) -> None:
        conditions.report(self.status, kind, ready.holds, ready.reason, ready.message, self.now)


DEFINITIONS = (
    Definition(
        resource=INFERENCE_SERVICES, fill=validation.fill, check=validation.check, change=validation.change
    ),
    Definition(resource=RUNTIMES),
    Definition(resource=CLUSTER_RUNTIMES, seeds=shipped_runtimes.RUNTIMES),
)
