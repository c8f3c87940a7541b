"""What commands ask a cluster for, in the terms of roles."""

import json
import logging
import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import permissions
import pytest
import yaml
from permissions import READING, granted, rules

sys.path.append(str(Path(__file__).parent / "commands"))

from product import until
from right_lines import CODES, LINES, SETUP
from screens import Fixed

from arena.actions import right_texts, usages
from arena.actions.diagnosis import live_events
from arena.actions.jobs import lingering
from arena.actions.right_texts import CRONS, JOBS, SERVINGS
from arena.actions.serving import forward, instances
from arena.actions.usages import USAGES
from arena.cli import run
from arena.commands import list as listing
from arena.commands._globals import Globals
from arena.dashboard.readings import Answer
from arena.dashboard.server import Server
from arena.errors import Conflict, NotFound
from arena.kube import Cluster, Endpoint
from arena.local.api.rbac import attributes
from arena.local.api.rbac.attributes import Attributes
from arena.model.permissions import Right
from arena.resources import NAMESPACES, Resource

ROLES = Resource("rbac.authorization.k8s.io", "v1", "roles", kind="Role")
BINDINGS = ROLES._replace(plural="rolebindings", kind="RoleBinding")
CLUSTER_ROLES = ROLES._replace(plural="clusterroles", kind="ClusterRole", namespaced=False)
CLUSTER_BINDINGS = CLUSTER_ROLES._replace(plural="clusterrolebindings", kind="ClusterRoleBinding")
FOREIGN = Resource("batch", "v1", "jobs", kind="Job")
QUOTAS = Resource("", "v1", "resourcequotas", kind="ResourceQuota")
REVIEWS = Resource("authorization.k8s.io", "v1", "subjectaccessreviews", False, kind="SubjectAccessReview")
TYPES, CARRIERS, SERVED = ({(one.resource, one.group) for one in right_texts.rights([f"get {name}"])}
                           for name in (JOBS, CRONS, SERVINGS))  # fmt: skip
FOLLOW = listing.follow
FOLLOW_SERVING = instances.follow
EVENTS_LIVE = live_events.live
READY = "--readiness-probe-action exec --readiness-probe-action-option 'command: true'"
"""A serving that is ready although its program does not listen."""
COMMON = ("authorization.k8s.io", "logs.arena.io", "metrics.arena.io")
"""Groups of what everybody may ask, and of what only the local cluster has."""
SETTINGS = "arena-system"
"""The namespace of the administrator's settings."""


class Ran(NamedTuple):
    """What a command left behind, and what it asked the cluster for."""

    code: int
    out: str
    err: str
    seen: set[Attributes]

    def rights(self) -> set[Right]:
        """The rights that it needed, but for those that everybody has, or that are about settings."""
        return {
            Right(one.verb, one.full_resource, one.group, not one.namespace)
            for one in self.seen
            if one.resource and one.namespace != SETTINGS and one.group not in COMMON
        }


class Now(Fixed):
    """A session with a cluster of the test's own."""

    def now(self) -> datetime:
        return datetime.now(timezone.utc)


class Record(logging.Handler):
    """What one user of the gateway asks for, by the gateway's debug log."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(logging.DEBUG)
        self.seen: set[Attributes] = set()
        self._threads: set[int] = set()
        self.endpoint = replace(endpoint, headers=self._mark(endpoint.headers))

    def _mark(self, headers: Callable[[], dict[str, str]]) -> Callable[[], dict[str, str]]:
        """Note who makes requests: threads of an earlier command may still end."""

        def marked() -> dict[str, str]:
            self._threads.add(threading.get_ident())
            return headers()

        return marked

    def emit(self, record: logging.LogRecord) -> None:
        """Add a request, or the opening of a stream."""
        values = record.args if isinstance(record.args, tuple) else ()
        if record.thread not in self._threads:
            return
        if record.msg.startswith("open "):
            self._add("GET", str(values[0]))
        elif record.msg.startswith("%s %s: "):
            self._add(str(values[0]), str(values[1]))

    def _add(self, method: str, target: str) -> None:
        parts = urlsplit(target)
        self.seen.add(attributes.of(method, unquote(parts.path), dict(parse_qsl(parts.query))))


@contextmanager
def recorded(endpoint: Endpoint, namespace: str) -> Iterator[tuple[Cluster, set[Attributes]]]:
    """A cluster, and what it is asked for in the block."""
    logger, record = logging.getLogger("arena.kube"), Record(endpoint)
    level = logger.level
    logger.addHandler(record)
    logger.setLevel(logging.DEBUG)
    try:
        yield Cluster(lambda: record.endpoint, "the test's cluster", namespace), record.seen
    finally:
        logger.removeHandler(record)
        logger.setLevel(level)


class Bob:
    """A user with exactly the rights that a test grants.

    Args:
        admin: the cluster as its administrator.
        endpoint: the same as the administrator may use it.
        namespace: where Bob works.
        folder: his home.
        image: flags with the image of jobs that run `sh`.
    """

    def __init__(self, admin: Cluster, endpoint: Endpoint, namespace: str, folder: Path, image: str) -> None:
        self.admin, self.namespace, self.folder = admin, namespace, folder
        self.words = {"image": image, "idle": "sh -c 'sleep 600'", "moment": "3", "ready": READY}
        self.words |= {"folder": str(folder), **_codes(folder)}
        self._endpoint = endpoint
        self._name = f"bob-{namespace}"
        self._granted: set[Right] = set()
        self.without: tuple[str, ...] = ()
        """Commands that do not work here."""

    def may(self, rights: Iterable[Right]) -> None:
        """Grant these rights and no others."""
        found = list(rights)
        for clusterwide in (False, True):
            kind, binding, place = (ROLES, BINDINGS, self.namespace)
            if clusterwide:
                kind, binding, place = (CLUSTER_ROLES, CLUSTER_BINDINGS, None)
            body = {"rules": rules(one for one in found if one.clusterwide is clusterwide)}
            self._put(kind, place, body)
            self._put(binding, place, {
                "roleRef": {"apiGroup": ROLES.group, "kind": kind.kind, "name": self._name},
                "subjects": [{"apiGroup": ROLES.group, "kind": "User", "name": "bob"}],
            })  # fmt: skip
        # A server learns of a role by a watch of its own; it knows all rules of one as soon as it knows any.
        changed = {one.clusterwide: one for one in self._granted ^ set(found)}
        for one in changed.values():
            there = one in found or one._replace(clusterwide=True) in found
            until(lambda one=one, there=there: self._is_granted(one) is there)
        self._granted = set(found)

    def _is_granted(self, right: Right) -> bool:
        resource, _, subresource = right.resource.partition("/")
        about = {"verb": right.verb, "group": right.group, "resource": resource, "subresource": subresource}
        about["namespace"] = "" if right.clusterwide else self.namespace
        review = {"apiVersion": REVIEWS.api_version, "kind": REVIEWS.kind}
        spec = {"user": "bob", "resourceAttributes": about}
        return bool(self.admin.create(REVIEWS, None, {**review, "spec": spec})["status"]["allowed"])

    def settle(self) -> None:
        """Let everybody read the settings of the administrator, and let another tool submit a job."""
        with suppress(Conflict):
            self.admin.create(NAMESPACES, None, {"metadata": {"name": SETTINGS}})
        for one in yaml.safe_load_all(permissions.settings()):
            with suppress(Conflict):
                self.admin.create(ROLES if one["kind"] == "Role" else BINDINGS, SETTINGS, one)
        pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "i", "command": ["true"]}]}
        spec = {"suspend": True, "template": {"spec": pod}}
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "foreign"}, "spec": spec}
        self.admin.create(FOREIGN, self.namespace, job)
        quota = {"metadata": {"name": "gpus"}, "spec": {"hard": {"requests.nvidia.com/gpu": "0"}}}
        self.admin.create(QUOTAS, self.namespace, {"apiVersion": "v1", "kind": "ResourceQuota", **quota})

    def _put(self, resource: Resource, namespace: str | None, body: dict[str, Any]) -> None:
        meta = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": self._name}}
        try:
            self.admin.create(resource, namespace, {**meta, **body})
        except Conflict:
            if "rules" in body:
                self.admin.patch(resource, namespace, self._name, body)

    def close(self) -> None:
        """Remove what is not in the namespace."""
        for resource in (CLUSTER_BINDINGS, CLUSTER_ROLES):
            with suppress(NotFound):
                self.admin.delete(resource, None, self._name)

    def run(self, line: str, capfd: pytest.CaptureFixture[str]) -> "Ran":
        """Run a command line as Bob, or as the administrator if it begins with `!`."""
        someone = [] if line.startswith("!") else [("Impersonate-User", "bob")]
        line = line.removeprefix("!").format(**self.words)
        with recorded(replace(self._endpoint, impersonation=someone), self.namespace) as (cluster, seen):
            session = Now(cluster, self.folder)
            session.namespace = self.namespace
            capfd.readouterr()
            with (
                ExitStack() as stack,
                pytest.MonkeyPatch.context() as patch,
            ):  # `list -w` and `events -w` end when they have shown what there is
                patch.setattr(listing, "follow", lambda states, *rest: FOLLOW(islice(states, 1), *rest))
                patch.setattr(
                    live_events, "live", lambda *which, **flags: islice(EVENTS_LIVE(*which, **flags), 1)
                )
                # `serve logs -f` ends as if the serving were deleted.
                patch.setattr(instances, "follow", lambda *which: islice(FOLLOW_SERVING(*which), 1))
                patch.setattr(lingering, "BRIEF", 0.2)
                patch.setattr(Server, "serve_forever", _viewed)
                patch.setattr(forward.Forwarding, "wait", _interrupted)
                patch.setattr(sys, "stdin", stack.enter_context(open(os.devnull, encoding="utf-8")))
                code = run(shlex.split(line), Globals(session=session))
            out, err = capfd.readouterr()
        return Ran(code, out, err, seen)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _viewed(server: Server, **_: object) -> None:
    """Ask for all that the page shows, print what it lacks, and end it."""
    scope = server.routes.scope
    jobs = f"jobs/{scope.session.namespace}"
    lists = ("jobs", "events", "sweeps", "servings", "crons", "nodes")
    each = [
        f"{jobs}/pytorchjob/runs",
        f"{jobs}/pytorchjob/runs/events",
        f"{jobs}/pytorchjob/runs/why",
        f"{jobs}/pytorchjob/runs/timeline",
        f"curves?jobs={jobs[5:]}/job/done",
    ]
    each += [f"{one}/{scope.session.namespace}/{name}" for one, name in
             (("sweeps", "tried"), ("crons", "nightly"), ("servings", "custom/served"))]  # fmt: skip
    if scope.changes:
        lists, each = ("jobs", "crons"), []
        _changed(server, scope.session.namespace)
    for path in (*lists, *(() if scope.everywhere else each)):
        found = server.routes.panel(path)
        assert found is not None
        body = json.loads(until(lambda found=found: isinstance(last := found(), Answer) and last).body)
        print(path, body.get("error"), body.get("unread"), file=sys.stderr)
    for job in () if scope.everywhere or scope.changes else ("job/done", "pytorchjob/runs"):
        lines = server.routes.stream(f"{jobs}/{job}/logs")
        assert lines is not None
        print(b"".join(islice(lines, 5)).decode(), file=sys.stderr)
    raise KeyboardInterrupt


def _changed(server: Server, namespace: str) -> None:
    """Do all that the page offers."""
    place = {"namespace": namespace, "kind": "job"}
    for noun, name, verbs in (
        ("job", "shown", ("suspend", "resume", "delete")),
        ("cron", "nightly", ("suspend", "resume")),
    ):
        path = f"jobs/{namespace}/job/{name}" if noun == "job" else f"crons/{namespace}/{name}"
        found = server.routes.panel(path)
        assert found is not None
        body = json.loads(until(lambda found=found: isinstance(last := found(), Answer) and last).body)
        for verb in verbs:
            asked = {"noun": noun, "name": name, "verb": verb, "uid": body["item"]["uuid"], **place}
            print(server.routes.change(json.dumps(asked).encode()), file=sys.stderr)


def _codes(folder: Path) -> dict[str, str]:
    """Folders with different code."""
    made = {name: folder / name for name in ("code", "other", "model", "fresh")}
    for name, one in made.items():
        one.mkdir()
        (one / "a.py").write_text(name, encoding="utf-8")
    return {name: shlex.quote(str(one)) for name, one in made.items()}


LEAST = {*READING, "exec", "stacks", "attach", "serve exec", "serve attach"}
"""Commands that are also run without the rights that only help."""
UNDONE = {"delete JOBS"}
"""Only if a cluster accepts a trial and then refuses the same."""
LARGE = {"get pods", "list pods", "watch pods", "get pods/exec", "create pods/exec"}
"""Only for code of more than 14 MB."""
ISTIO = {
    f"{verb} {one}.networking.istio.io"
    for verb in ("get", "create", "patch")
    for one in ("virtualservices", "destinationrules")
}
SPLIT = {*ISTIO, *(f"{verb} {usages.ROUTES[0]}" for verb in ("get", "create", "patch")),
         *(f"{verb} services" for verb in ("list", "get", "patch"))}  # fmt: skip
UNTRIED = {
    "list -w": {"watch JOBS", "watch pods"},  # the test ends it before
    # Only if it has run for long.
    "get": {"get pods/log", "get pods.metrics.k8s.io"},
    "why": {"get pods.metrics.k8s.io"},
    "events JOB -w": {"watch events", "watch pods"},
    "tensorboard": {"watch pods", "get pods/portforward", "create pods/portforward"},  # if not ready
    "resume": {"watch pods"},  # only if they have not ended yet
    "dashboard --allow-changes": {"watch JOBS", "watch pods"},  # the same, and if a finalizer holds the job
    "delete": {"list JOBS", "watch JOBS"},  # only if a finalizer holds the job
    "delete -l": {"watch JOBS"},
    "prune": {"watch JOBS"},
    # Only if a part is refused, and of other clusters.
    **{name: {f"delete {usages.EXPERIMENTS}", "get namespaces"}
       for name in ("sweep submit KIND", "sweep submit KIND --wait", "sweep submit --from-job")},
    # If its pods are refused, or late.
    **{name: {"list events"} for name in ("logs -f", "metrics", "sweep logs -f", "sweep import")},
    **{name: UNDONE | {"list events"}
       for name in ("sweep submit KIND --engine foreground", "sweep add", "submit --logs")},
    # Only if a trial has failed, or none has started.
    "why -T sweep": {"get JOBS", "list pods", "get pods/log", "list events"},
    # It has no run yet.
    "why -T cron": {"get JOBS", "list pods", *usages.DEPENDENCIES, "get pods/log", "get pods.metrics.k8s.io"},
    "sweep why": {"get pods/log", "list events"},
    "serve predict": {"get pods", "get pods/portforward", "create pods/portforward"},  # of other clusters
    "serve bench": {"get pods", "get pods/portforward", "create pods/portforward"},
    "exec": {"create pods/exec"},  # only without `get`, or if the cluster asks for it
    "stacks": {"create pods/exec"},
    # The log only if the program has registered faulthandler.
    "stacks --signal": {"create pods/exec", "get pods/log"},
    "attach": {"create pods/exec"},
    "attach --main": {"create pods/attach"},
    "serve KIND": {"delete SERVINGS"},  # as UNDONE
    "serve KIND --expose-service": {"delete SERVINGS"},
    "serve KIND --code": {"delete SERVINGS", *LARGE},
    # Of clusters that are not local, or if an instance crashes; the traffic is split by a Gateway already.
    "serve update --canary": {"get pods", "get pods/portforward", "create pods/portforward", "get pods/log",
                              "list events", f"create {usages.ROUTES[0]}", *ISTIO},
    "serve KIND --wait": {"get pods/log", "list events"},  # only if an instance crashes
    "serve KIND --from-job": {"delete SERVINGS"},
    # Only if a finalizer holds the serving, or versions have shares of the traffic.
    "serve delete": {"get SERVINGS", "list services", *(f"patch {one}" for one in usages.ROUTES)},
    "serve wait": {"get pods/log", "list events", "watch SERVINGS", "watch pods"},  # only if it is not ready
    **{name: {"get pods/log", "list events"} for name in ("serve update", "serve restart")},
    # The others only if it has a canary.
    "serve rollback": {"get pods/log", "list events", "delete SERVINGS", *SPLIT},
    "serve scale": {"get pods/log", "list events"},
    # Only once it has more revisions than are kept.
    "serve update --config-file": {"get secrets", "delete secrets", "delete configmaps"},
    "serve update --secret": {"get configmaps", "delete secrets", "delete configmaps"},
    "serve update --code": {"get secrets", "delete secrets", "delete configmaps"},
    # Only of KServe, or if the split changes.
    "serve traffic-split": {"patch SERVINGS", "patch services", *(f"patch {one}" for one in usages.ROUTES),
                            "patch destinationrules.networking.istio.io"},
    # The test ends it before; the others only for a connection.
    "serve forward": {"watch pods", "get pods/portforward", "create pods/portforward"},
    "serve autoscale": {"patch SERVINGS"},  # the same
    # Only if it has a canary.
    "serve promote": {*(f"{one} SERVINGS" for one in ("patch", "delete", "watch")),
                      "list pods", "watch pods", *SPLIT},
    "serve top": {"create pods/portforward"},  # only if the cluster asks for it
    "serve exec": {"create pods/exec"},
    "serve attach": {"create pods/exec"},
    "serve attach --main": {"create pods/attach"},
    **dict.fromkeys(("submit", "submit --config-file", "submit --secret", "submit --tensorboard", "rerun",
                     "evaluate model"), UNDONE),
    "submit --wait": UNDONE | {"list events"},
    "submit --code": UNDONE | LARGE,
}  # fmt: skip
"""Documented rights that the lines do not ask for."""


def judge(bob: Bob, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """What is wrong with the documented rights, by what commands ask for, and do with them."""
    bob.settle()
    for line in SETUP:
        ran = bob.run(f"!{line}", capfd)
        assert ran.code == 0 or "is missing" in ran.err, ran  # its operator
    faults = []
    for usage in USAGES:
        if usage.command in bob.without or not any(
            told(bob.admin, one) for one in granted(usage, least=True)
        ):
            continue
        if usage.helps and usage.command in LEAST:
            bob.may(granted(usage, least=True))
            faults += [f"{line}: {ran}" for line in LINES[usage.command]
                       if (ran := bob.run(line, capfd)).code != CODES.get(line, 0)]  # fmt: skip
        bob.may(granted(usage))
        asked: set[Right] = set()
        for line in LINES[usage.command]:
            ran = bob.run(line, capfd)
            if line.startswith("!"):
                assert ran.code == 0, (line, ran)
                continue
            asked |= ran.rights()
            if ran.code != CODES.get(line, 0) or "you may not" in ran.err:
                faults.append(f"{usage.command}: {line}: {ran}")
        texts = {told(bob.admin, one) for one in granted(usage)} - {""}
        there = {told(bob.admin, one) for one in asked} - {""}
        untried = UNTRIED.get(usage.command, set())
        if more := there - texts:
            faults.append(f"{usage.command} asks also for: {', '.join(sorted(more))}")
        if more := texts - there - untried:
            faults.append(f"{usage.command} does not ask for: {', '.join(sorted(more))}")
    return faults


def told(cluster: Cluster, right: Right) -> str:
    """The right as text, with one word for all kinds of jobs; "" for an unknown type."""
    plural = right.resource.partition("/")[0]
    if right.group and not cluster.served(right.group, plural):
        return ""
    there = (right.resource, right.group)
    groups = {"JOBS": TYPES, "CRONS": CARRIERS, "SERVINGS": SERVED}
    where = next((name for name, types in groups.items() if there in types), right.where)
    return f"{right.verb} {'@' if right.clusterwide else ''}{where}"
