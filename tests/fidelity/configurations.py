"""Configurations that managers apply, made from a seed: of few values, so that managers meet."""

import copy
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from fidelity.asks import MERGE, STRATEGIC, Kind, Object

Make = Callable[[Random], Any]


def one_of(*values: Any) -> Make:
    """One of the values."""
    return lambda rng: copy.deepcopy(rng.choice(values))


def some(**fields: Make) -> Make:
    """A mapping with some of the fields."""
    return lambda rng: {name: make(rng) for name, make in fields.items() if rng.random() < 0.5}


def part(**fields: Make) -> Make:
    """The same, now and then empty or null."""
    make = some(**fields)
    return lambda rng: rng.choice(({}, {}, None)) if rng.random() < 0.04 else make(rng)


def table(*names: str) -> Make:
    """A map of texts."""
    return part(**dict.fromkeys(names, one_of("1", "2")))


def several(*values: Any) -> Make:
    """Some of the values in any order."""
    return lambda rng: copy.deepcopy(rng.sample(values, rng.randint(0, len(values))))


def keyed(key: str, *values: Any, least: int = 0, **fields: Make) -> Make:
    """A list of items with different keys, in any order."""
    make = some(**fields)

    def items(rng: Random) -> list[Object]:
        chosen = rng.sample(values, rng.randint(least, len(values)))
        return [{key: value, **make(rng)} for value in chosen]

    return items


def with_always(make: Make, **fields: Make) -> Make:
    """A mapping that has these fields in any case."""
    return lambda rng: {**{name: one(rng) for name, one in fields.items()}, **make(rng)}


def each(items: Make, **fields: Make) -> Make:
    """A list whose items have these fields in any case."""
    return lambda rng: [{**item, **{name: one(rng) for name, one in fields.items()}} for item in items(rng)]


OWNERS = each(
    keyed("uid", "u1", "u2"), apiVersion=one_of("v1"), kind=one_of("ConfigMap"), name=one_of("n", "m")
)
METADATA = some(
    labels=table("a", "b", "c"),
    annotations=table("x", "y"),
    finalizers=several("x.io/a", "x.io/b", "x.io/c"),
    ownerReferences=OWNERS,
)
PORTS = keyed("containerPort", 80, 81, 82, protocol=one_of("TCP", "TCP", "UDP"), hostIP=one_of("1.1.1.1"))
AMOUNTS = some(cpu=one_of("1", "2"), memory=one_of("1Gi"))


def containers(*names: str) -> Make:
    """Containers with these names, at least one of them."""
    found = keyed(
        "name", *names, least=1,
        args=several("x", "y"),
        env=keyed("name", "A", "B", "C", value=one_of("1", "2")),
        ports=PORTS,
        resources=part(limits=AMOUNTS, requests=some(cpu=one_of("1"), memory=one_of("1Gi"))),
        volumeMounts=keyed("mountPath", "/m", "/n", subPath=one_of("1", "2")),
        securityContext=part(runAsUser=one_of(1, 2), privileged=one_of(True, False)),
    )  # fmt: skip
    return each(found, image=one_of("a", "a", "b"))


def pod(*names: str) -> Make:
    """The spec of a pod."""
    return with_always(
        some(
            nodeSelector=table("k", "l"),
            tolerations=one_of([{"key": "t"}], [{"key": "u"}]),
            imagePullSecrets=keyed("name", "s", "t"),
            hostAliases=keyed("ip", "1.1.1.1", "2.2.2.2", hostnames=several("h", "i")),
            affinity=part(nodeAffinity=part(preferredDuringSchedulingIgnoredDuringExecution=one_of([]))),
            terminationGracePeriodSeconds=one_of(1, 2),
        ),
        containers=containers(*names),
    )


def _jobs() -> Make:
    template = with_always(some(), template=with_always(some(), spec=pod("c", "d", "e")))
    return each(
        keyed("name", "p", "q", "r", replicas=one_of(1, 2)), template=with_always(some(), spec=template)
    )


RUNTIME = with_always(
    some(
        mlPolicy=part(
            numNodes=one_of(1, 2),
            torch=part(envInjection=part(targets=each(
                keyed("jobName", "p", "q"), containerNames=one_of(["c"], ["d", "c"], ["c", "d", "e"])
            ))),
        ),
        podGroupPolicy=part(coscheduling=part(scheduleTimeoutSeconds=one_of(1, 60))),
    ),
    template=with_always(
        some(metadata=part(labels=table("a", "b"), annotations=table("x"))),
        spec=some(
            replicatedJobs=_jobs(),
            suspend=one_of(True, False),
            failurePolicy=part(maxRestarts=one_of(1, 2)),
        ),
    ),
)  # fmt: skip
TORCH = with_always(
    some(
        nprocPerNode=one_of("1", "2"),
        runPolicy=part(
            suspend=one_of(True, False),
            backoffLimit=one_of(1, 2),
            schedulingPolicy=part(minAvailable=one_of(1, 2), minResources=AMOUNTS),
        ),
    ),
    pytorchReplicaSpecs=with_always(
        some(Worker=with_always(
            some(replicas=one_of(1, 2), restartPolicy=one_of("Never", "OnFailure")),
            template=with_always(some(), spec=pod("pytorch")),
        )),
        Master=with_always(
            some(restartPolicy=one_of("Never", "OnFailure")),
            replicas=one_of(1), template=with_always(some(), spec=pod("pytorch")),
        ),
    ),
)  # fmt: skip
TORCH_STATUS = some(
    conditions=each(keyed("type", "A", "B"), status=one_of("True", "False")),
    replicaStatuses=part(Master=part(active=one_of(1, 2)), Worker=part(active=one_of(1, 2))),
    startTime=one_of("2026-01-01T00:00:00Z"),
)
SERVICE = with_always(
    some(selector=table("k", "l"), publishNotReadyAddresses=one_of(True)),
    ports=each(
        keyed("port", 80, 81, 82, least=1, targetPort=one_of(1, "x"), protocol=one_of("TCP")),
        name=one_of("p"),
    ),
)


class Subject(NamedTuple):
    """A kind whose objects are written."""

    kind: Kind
    make: Make
    status: Make | None = None
    patches: tuple[str, ...] = (MERGE, STRATEGIC)


def _named_ports(make: Make) -> Make:
    """Each port of a Service has a name of its own."""

    def named(rng: Random) -> Object:
        found: Object = make(rng)
        found["ports"] = [{**one, "name": f"p{one['port']}"} for one in found["ports"]]
        return found

    return named


SUBJECTS = {
    "configmaps": Subject(
        Kind("", "v1", "configmaps", "ConfigMap"),
        with_always(some(data=table("a", "b", "c"), binaryData=some(z=one_of("YQ=="))), metadata=METADATA),
    ),
    "services": Subject(
        Kind("", "v1", "services", "Service"),
        with_always(some(), metadata=METADATA, spec=_named_ports(SERVICE)),
    ),
    "trainingruntimes": Subject(
        Kind("trainer.kubeflow.org", "v1alpha1", "trainingruntimes", "TrainingRuntime"),
        with_always(some(), metadata=METADATA, spec=RUNTIME),
        patches=(MERGE,),
    ),
    "pytorchjobs": Subject(
        Kind("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob"),
        with_always(some(status=TORCH_STATUS), metadata=METADATA, spec=TORCH),
        TORCH_STATUS,
        (MERGE,),
    ),
}
