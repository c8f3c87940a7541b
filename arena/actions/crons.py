"""Jobs on a schedule: submit them, find, read, suspend, resume and delete them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from arena import kinds, labels, manifests
from arena.actions import overview, served, submit
from arena.actions.plans import Plan
from arena.errors import MissingOperator, NotFound, SpecError
from arena.kinds import cron
from arena.kinds.cron import CronSpec
from arena.kinds.kind import Kind
from arena.model import Cron
from arena.resources import Resource
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


class Found(NamedTuple):
    """What carries a schedule: its type, its object, and the kind of its jobs where arena knows it."""

    resource: Resource
    obj: Object
    kind: Kind | None

    def read(self) -> Cron:
        """As people see it, without its runs."""
        return cron.read(self.obj, self.kind.name if self.kind else "")


def require(cluster: Cluster, kind: Kind, spec: CronSpec) -> Resource:
    """The type that starts jobs of the kind on this cluster.

    Raises:
        MissingOperator: the cluster serves none, or none that can do what is asked for.
    """
    wanted = cron.carriers(kind.name, spec)
    for one in wanted:
        if cluster.serves(one) and cluster.knows(one):
            return one
    operator = "have KubeDL's operator of Crons installed there"
    if cron.ZONED in wanted:
        raise MissingOperator(
            f"--timezone: the CronJobs of {cluster.name} know no time zones", f"leave it away, or {operator}"
        )
    if spec.deadline and kind.name == "job":
        raise MissingOperator(
            f"--deadline: the CronJobs of {cluster.name} have none", f"leave it away, or {operator}"
        )
    raise MissingOperator(
        f"{cluster.name} starts no {kind.resources[0].kind} on a schedule: it does not know Cron",
        f"{operator}, use plain Jobs (arena cron job ...), or the local cluster: --context local",
    )


def plan(made: Plan, spec: CronSpec, resource: Resource | None = None) -> Plan:
    """What submits, again and again, the job of another plan; what was made beside that is made once.

    Args:
        made: what submit would send.
        spec: when and how often.
        resource: the type that the cluster serves; the preferred one where nobody was asked.

    Raises:
        SpecError: its code is too large for the cluster to keep.
    """
    if made.sends:
        raise SpecError(
            "--code is too large for the cluster to keep, and the runs of a cron need it there",
            "put it on a volume or into the image, or use --sync-mode git",
        )
    resource = resource or cron.carriers(made.kind.name, spec)[0]
    file = cron.template(resource)
    filled = cron.values(spec, made.job, made.kind.name, resource)
    (obj,) = manifests.render(manifests.find(file), filled, file)
    obj["metadata"]["namespace"] = made.job["metadata"]["namespace"]
    kind = replace(
        made.kind,
        name=f"cron {made.kind.name}",
        owns=cron.owns,
        takes=cron.owns,
        pods=lambda carrier: labels.common(carrier["metadata"]["name"], made.kind.name),
    )
    helpers = [cron.spread(one, made.name) for one in made.helpers]
    return replace(made, kind=kind, resource=resource, job=obj, helpers=helpers)


def accepted(cluster: Cluster, made: Plan, spec: CronSpec) -> Plan:
    """As `plan`, for this cluster, which has found the job acceptable.

    A Cron may hold anything: what is wrong with its job would only be told when it is due. Raises as
    `require` and `submit.check`.
    """
    whole = plan(made, spec, require(cluster, made.kind, spec))
    job = {**made.job, "metadata": {**made.job["metadata"], "name": made.name + cron.SUFFIX}}
    submit.check(cluster, replace(made, job=job, helpers=(), parts=()))
    return whole


def send(cluster: Cluster, made: Plan, *, instead: bool = False) -> Cron:
    """Send a plan of `accepted`, all or nothing; raises as `submit.submit`."""
    obj = submit.send(cluster, made, instead=instead)
    return cron.read(obj, made.kind.name.removeprefix("cron "))


def crons(cluster: Cluster, namespace: str | None, kind: Kind | None = None) -> list[Cron]:
    """The schedules of a namespace (None: of all), the newest first, without their runs.

    Args:
        kind: only of jobs of this kind.
    """
    found = [one.read() for one in _all(cluster, namespace) if kind in (None, one.kind)]
    return sorted(found, key=by_age, reverse=True)


def _all(cluster: Cluster, namespace: str | None) -> Iterator[Found]:
    found = overview.allowed(_types(cluster), lambda one: list(cluster.list(one, namespace)))
    for resource, objects in found.items():
        yield from (Found(resource, obj, _kind(obj)) for obj in objects if cron.owns(obj))


def _types(cluster: Cluster) -> list[Resource]:
    """The types of carriers that the cluster serves, each in one version."""
    known = [one for one in cron.CARRIERS if cluster.serves(one)]
    return [one for one in known if one != cron.OLD_CRONJOBS or cron.CRONJOBS not in known]


def _kind(obj: Object) -> Kind | None:
    """The kind of the jobs that it starts."""
    job = cron.workload(obj)
    about = job["apiVersion"], job["kind"]
    for kind in kinds.training_kinds():
        if about in [(one.api_version, one.kind) for one in kind.resources] and kind.owns(job):
            return kind
    return None


def find(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Found:
    """The schedule of that name.

    Raises:
        NotFound: there is none; the hint names similar ones.
        SpecError: there are two, of jobs of different kinds.
    """
    there, refused = served.named(cluster, _types(cluster), namespace, name)
    known = (Found(resource, obj, _kind(obj)) for resource, obj in there if cron.owns(obj))
    hits = [one for one in known if kind in (None, one.kind)]
    if len(hits) > 1:
        raise SpecError(f'there are two crons "{name}" in namespace "{namespace}"', "choose with -T")
    if not hits and refused:
        raise refused[0]  # it may be there
    if not hits:
        raise NotFound(f'no cron "{name}" in namespace "{namespace}"', _similar(cluster, name, namespace))
    return hits[0]


def _similar(cluster: Cluster, name: str, namespace: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, [one.name for one in crons(cluster, namespace)], n=2)
    return f"did you mean {' or '.join(close)}?" if close else "arena cron list -A shows all"


def one(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Cron:
    """One schedule with its runs; raises as `find`."""
    found = find(cluster, name, namespace, kind)
    if found.kind is None:
        return found.read()
    selector = cron.selector(found.obj)
    runs = overview.jobs(cluster, namespace, kind=found.kind, selector=selector)
    return cron.read(found.obj, found.kind.name, runs)


def suspend(
    cluster: Cluster, name: str, namespace: str, on: bool, kind: Kind | None = None
) -> tuple[Cron, bool]:
    """Start no more runs (`on`), or start them again; the schedule, and whether it was otherwise before.

    Raises:
        NotFound: there is none.
    """
    found = find(cluster, name, namespace, kind)
    if found.read().suspended is on:
        return found.read(), False
    # With its uid, so that it is a conflict where another took the name meanwhile.
    change = {"metadata": {"uid": found.obj["metadata"]["uid"]}, "spec": {"suspend": on}}
    obj = cluster.patch(found.resource, namespace, name, change)
    return found._replace(obj=obj).read(), True


def delete(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Cron:
    """Delete a schedule; its runs and what was made with it go with it. Returns it as it last was.

    Raises:
        NotFound: there is none.
    """
    found = find(cluster, name, namespace, kind)
    cluster.delete(found.resource, namespace, name, uid=found.obj["metadata"]["uid"])
    return found.read()
