"""SeldonDeployment: predictors that answer requests, each a Deployment behind a Service.

Seldon's executor, which runs graphs of several nodes, exists nowhere but in images, and a service mesh splits
the traffic. Here the Service named after the SeldonDeployment splits it among the predictors.
"""

from collections.abc import Sequence

from arena.local.definitions import Definition
from arena.local.machinery import conditions, traffic
from arena.local.machinery.failures import failure
from arena.local.machinery.loopback import allotted_ports
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.reconciler import Reconciler
from arena.local.machinery.traffic import Share
from arena.local.machinery.writes import difference
from arena.local.objects import DEPLOYMENTS, LOOPBACK, PODS, SERVICES, TRAFFIC, Object, Objects, key
from arena.local.operators.seldon import manifests, validation
from arena.local.operators.seldon.limits import limits
from arena.local.operators.seldon.manifests import (
    DIGEST,
    NAME_LABEL,
    PORT,
    SELDON_DEPLOYMENTS,
    Predictor,
    Unusable,
)

AVAILABLE, CREATING, FAILED = "Available", "Creating", "Failed"


def operator() -> Operator:
    """The operator of SeldonDeployments."""
    return SeldonDeployment.operator(owns=(DEPLOYMENTS, SERVICES), related={PODS: _of_pod})


def _of_pod(_: Objects, pod: Object) -> list[Key]:
    name = (pod["metadata"].get("labels") or {}).get(NAME_LABEL)
    return [(key(pod)[0], name)] if name else []


class SeldonDeployment(Reconciler):
    """One pass over one SeldonDeployment."""

    resource = SELDON_DEPLOYMENTS

    def reconcile(self) -> None:
        """Bring its Deployments and Services closer to its spec, and copy their state into its status."""
        predictors = [Predictor(self.obj, one) for one in self.obj["spec"]["predictors"]]
        generation = self.obj["metadata"].get("generation", 1)
        if self.status.get("observedGeneration") != generation and (text := limits(self.obj["spec"])):
            self.event("FieldsIgnored", text, "Warning")
        self.status["observedGeneration"] = generation
        try:
            made = [self._run(one) for one in predictors]
        except Unusable as why:
            self._say(FAILED, str(why))
            self._report("Ready", False, str(why))
        else:
            self._keep(predictors, made)
            self._direct(predictors)
            self._describe(predictors, made)
        self.write_status()

    def _run(self, one: Predictor) -> Object:
        """The Deployment of a predictor, with its Service."""
        body = manifests.deployment(one, manifests.template(one))
        self.ensure(SERVICES, manifests.service(one))
        there = self.ensure(DEPLOYMENTS, body)
        change: Object = {}
        digest = body["metadata"]["annotations"][DIGEST]
        if there["metadata"]["annotations"].get(DIGEST) != digest:
            change["metadata"] = {"annotations": {DIGEST: digest}}
            pods = difference(there["spec"]["template"], body["spec"]["template"])
            change["spec"] = {"template": pods}
        if there["spec"].get("replicas") != one.replicas:
            change.setdefault("spec", {})["replicas"] = one.replicas
        if not change:
            return there
        namespace, name = key(there)
        return self.objects.patch(DEPLOYMENTS, name, change, namespace)

    def _keep(self, predictors: Sequence[Predictor], made: Sequence[Object]) -> None:
        """Remove what predictors that are no longer wanted have left."""
        names = [key(one)[1] for one in made]
        services = [*(one.title for one in predictors), *self._front(predictors)]
        for resource, wanted in ((DEPLOYMENTS, names), (SERVICES, services)):
            for one in self.owned(resource):
                if key(one)[1] not in wanted:
                    self.remove(resource, one)

    def _front(self, predictors: Sequence[Predictor]) -> list[str]:
        """The name of the Service in front of several predictors; [] for a single one."""
        return [str(self.obj["metadata"]["name"])] if len(predictors) > 1 else []

    def _direct(self, predictors: Sequence[Predictor]) -> None:
        """Split the traffic among several predictors; a shadow, which would get copies, gets none."""
        for name in self._front(predictors):
            shares = [
                Share(one.title, 0 if one.spec.get("shadow") else one.spec.get("traffic") or 0)
                for one in predictors
            ]
            body = manifests.service(predictors[0])
            labels = {NAME_LABEL: name, "app.kubernetes.io/managed-by": "seldon-core"}
            body["metadata"] = {
                "name": name,
                "labels": labels,
                "annotations": {TRAFFIC: traffic.text(shares)},
            }
            there = self.ensure(SERVICES, body)
            notes = body["metadata"]["annotations"]
            if (there["metadata"].get("annotations") or {}).get(TRAFFIC) != notes[TRAFFIC]:
                self.objects.patch(SERVICES, name, {"metadata": {"annotations": notes}}, key(self.obj)[0])

    # What the status says

    def _describe(self, predictors: Sequence[Predictor], made: Sequence[Object]) -> None:
        counts = {key(one)[1]: _counts(one) for one in made}
        self.status["deploymentStatus"] = counts
        self.status["replicas"] = sum(one["replicas"] for one in counts.values())
        self.status["address"] = {"url": self._address(predictors)}
        waiting = [key(one)[1] for one in made if not _is_available(one)]
        failed = self._failure() if waiting else ""
        text = failed or (f"waiting for {', '.join(waiting)}" if waiting else "")
        self._say(FAILED if failed else CREATING if waiting else AVAILABLE, text)
        self._report("DeploymentsReady", not waiting, text)
        self._report("ServicesReady", True)
        self._report("Ready", not waiting, text)

    def _address(self, predictors: Sequence[Predictor]) -> str:
        """Where predictions are asked for."""
        namespace = key(self.obj)[0]
        name = next(iter(self._front(predictors)), predictors[-1].title)
        service = self.objects.get(SERVICES, name, namespace) or {"metadata": {}}
        port = allotted_ports(service).get(PORT)
        host = f"{LOOPBACK}:{port}" if port else f"{name}.{namespace}.svc.cluster.local:{PORT}"
        return f"http://{host}{predictors[-1].path}"

    def _failure(self) -> str:
        """What the first pod that has failed said; "" if none has."""
        labels = f"{NAME_LABEL}={self.obj['metadata']['name']}"
        pods = self.objects.list(PODS, key(self.obj)[0], labels)
        found = (why for pod in pods if (why := failure(pod)) and why.code is not None)
        return next((one.message for one in found), "")

    def _say(self, state: str, description: str) -> None:
        """Set the state, and report a new failure by an Event."""
        if state == FAILED and description != self.status.get("description"):
            self.event("Failed", description, "Warning")
        self.status["state"] = state
        self.status.pop("description", None)
        if description:
            self.status["description"] = description

    def _report(self, kind: str, holds: bool, message: str = "") -> None:
        conditions.report(self.status, kind, holds, "", message, self.now)


def _counts(deployment: Object) -> Object:
    """What the status says of a Deployment."""
    status = deployment.get("status") or {}
    return {
        "replicas": int(deployment["spec"].get("replicas", 1)),
        "availableReplicas": int(status.get("availableReplicas") or 0),
    }


def _is_available(deployment: Object) -> bool:
    """Whether all its pods answer, and are of its present template."""
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    current = (status.get("observedGeneration") or 0) >= deployment["metadata"].get("generation", 1)
    counts = (status.get("updatedReplicas") or 0, status.get("availableReplicas") or 0)
    return bool(current and min(counts) >= wanted)


# The template of a prepackaged server is incomplete: the operator adds its image.
DEFINITIONS = (Definition(resource=SELDON_DEPLOYMENTS, check=validation.check, templates=False),)
