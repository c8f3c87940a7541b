"""--replace deletes nothing before all that it needs is known to be allowed, and says what is gone."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from screens import PYTORCHJOBS
from servers import LocalApi

from arena.kube import Cluster, Endpoint
from arena.local.api.fault_injection import Fault
from arena.local.operators.core import garbage_collector
from arena.resources import SERVICES, Resource

EVER = 1 << 30
SUBMIT = ("submit", "pytorchjob", "--image", "i", "--name", "bert")
FORMS = {
    "plain": (),
    "secret": ("--secret", "K=v"),
    "code": ("--code", "src"),
    "tensorboard": ("--tensorboard", "--logdir", "/l"),
    "config file": ("--config-file", "conf:/c/a"),
}
ALL = tuple(word for words in FORMS.values() for word in words)
BESIDE = ("secrets", "configmaps", "services", "deployments")
OLD = 'the old pytorchjob "bert" '
AGAIN = "; to submit it again, run: arena submit pytorchjob --name bert --image i "


class Forbidden(Fault):
    """Refuses what a user lacks: a verb on a type, as RBAC knows them."""

    def __init__(self, verb: str, plural: str = "") -> None:
        super().__init__(code=403, message=f'x is forbidden: User "bob" cannot {verb} it', times=EVER)
        self.right = verb, plural

    def matches(self, request: Any) -> bool:
        verb, plural = right(request)
        return verb == self.right[0] and self.right[1] in ("", plural)


class Recorder(Fault):
    """Strikes nothing, and notes the rights that are used."""

    def __init__(self) -> None:
        super().__init__(times=EVER)
        self.rights: dict[tuple[str, str], None] = {}

    def matches(self, request: Any) -> bool:
        self.rights[right(request)] = None
        return False


def right(request: Any) -> tuple[str, str]:
    """The verb and the type of a request on a namespace's objects; ("", "") for others."""
    found = re.search(r"/namespaces/[^/]+/([a-z]+)(/[^/?]+)?$", urlsplit(request.path_qs).path)
    if found is None:
        return "", ""
    listed = "watch" if "watch=true" in request.path_qs else "list"
    reads = "get" if found[2] else listed
    verbs = {"GET": reads, "POST": "create", "PATCH": "patch", "DELETE": "delete"}
    return verbs[request.method], found[1]


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalApi]:
    """A cluster with a garbage collector, and files to submit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("arena.kube.watches._LONGEST", 0.05)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").touch()
    (tmp_path / "conf").touch()
    with LocalApi(tmp_path, garbage_collector.operator()) as one:
        yield one


def state(stage) -> tuple[str, bool]:
    """The uid of the job, and whether it is being deleted."""
    meta = stage.cluster.get(PYTORCHJOBS, "default", "bert")["metadata"]
    return meta["uid"], "deletionTimestamp" in meta


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("verbs", [("watch",), ("watch", "list")], ids="+".join)
def test_a_user_who_may_not_watch(arena, stage, api, form, verbs):
    """Who may only read the objects beside the job, or only get them, replaces it all the same."""
    assert arena(*SUBMIT, *FORMS[form], "x").code == 0
    old, _ = state(stage)
    api.faults[:] = [
        Forbidden(one, plural) for one in verbs for plural in ("secrets", "configmaps", "services")
    ]
    api.faults += [Forbidden(one, "deployments") for one in verbs] + [Forbidden("watch")]
    code, out, err = arena(*SUBMIT, *FORMS[form], "--replace", "y")
    assert (code, out) == (0, "pytorchjob bert submitted\n"), err
    assert state(stage)[0] != old


def test_each_right_that_lacks(arena, stage, api):
    """With any right less, the job is replaced or kept, and never lost; a trial knows, but for pods."""
    assert arena(*SUBMIT, *ALL, "x").code == 0
    recorder = Recorder()
    api.faults[:] = [recorder]
    assert arena(*SUBMIT, *ALL, "--replace", "x").code == 0
    needed = []
    for one in filter(all, recorder.rights):
        old, _ = state(stage)
        api.faults[:] = [Forbidden(*one)]
        tried = arena(*SUBMIT, *ALL, "--replace", "--dry-run=server", "x")
        code, _, err = arena(*SUBMIT, *ALL, "--replace", "x")
        api.faults.clear()
        now, going = state(stage)
        assert (code, now == old, going) in ((0, False, False), (4, True, False)), (one, err)
        assert one == ("list", "pods") or tried.code == code, (one, tried)
        needed += [one] if code else []
    creates = {("create", plural) for plural in ("pytorchjobs", *BESIDE)}
    assert creates | {("delete", "pytorchjobs"), ("list", "pods"), ("get", "pytorchjobs")} <= set(needed)
    assert not [one for one in needed if one[0] == "watch"]


def test_the_rights_on_shared_code(arena, stage, api):
    """A part of the code that another job keeps gets one more owner, which is tried, too."""
    for name in ("other", "bert"):
        assert arena("submit", "pytorchjob", "--image", "i", "--name", name, "--code", "src", "x").code == 0
    old = state(stage)
    api.faults[:] = [Forbidden("patch", "configmaps")]
    assert arena(*SUBMIT, "--code", "src", "--replace", "x").code == 4
    assert state(stage) == old


def test_the_right_to_send_code(arena, stage, api, monkeypatch):
    """Code that is too large for the cluster is sent by commands in pods, so these must be allowed."""
    monkeypatch.setattr("arena.actions.submit.code.storage.MOST", 0)
    assert arena(*SUBMIT, "x").code == 0
    old = state(stage)
    rule = {"apiGroups": ["*"], "resources": ["pods", *BESIDE, "pytorchjobs"], "verbs": ["*"]}
    user = {"kind": "User", "name": "bob"}
    made = {
        "role": {"rules": [rule]},
        "rolebinding": {"roleRef": {"kind": "Role", "name": "bob"}, "subjects": [user]},
    }
    for kind, body in made.items():
        resource = Resource("rbac.authorization.k8s.io", "v1", f"{kind}s", kind=kind)
        stage.cluster.create(resource, "default", {"metadata": {"name": "bob"}, **body})
    endpoint = Endpoint(server=api.url, impersonation=(("Impersonate-User", "bob"),))
    stage.cluster = Cluster(lambda: endpoint, "the test's cluster")
    code, _, err = arena(*SUBMIT, "--code", "src", "--replace", "x")
    assert (code, state(stage)) == (4, old)
    assert 'you may not run commands in pods in namespace "default", by which the code is sent' in err


def test_a_name_that_is_taken(arena, stage, api):
    """An object that is not the old job's, and has the name of a new one, is found before the deletion."""
    assert arena(*SUBMIT, "x").code == 0
    old = state(stage)
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bert-tensorboard"}}
    stage.cluster.create(SERVICES, "default", {**body, "spec": {"ports": [{"port": 1}]}})
    code, _, err = arena(*SUBMIT, *FORMS["tensorboard"], "--replace", "x")
    assert (code, state(stage)) == (5, old)
    assert (
        f'the Service "bert-tensorboard" in namespace "default" is not part of {OLD.strip()}, which is kept'
        in err
    )


@pytest.mark.parametrize("words", [("rerun", "bert", "--set", "secret=K=v"), (*SUBMIT, *ALL, "y")])
def test_a_failure_after_the_deletion(arena, api, words):
    """What the cluster accepted as a trial and then refuses: the error says how to get the old job back."""
    assert arena(*SUBMIT, *ALL, "x y").code == 0
    api.faults[:] = [Fault(path=r"/services\?(?!.*dryRun)", method="POST", code=403)]
    code, _, err = arena(*words, "--replace")
    assert code == 4
    assert OLD + "is deleted" + AGAIN in err
    assert err.rstrip().endswith("'x y'")


def test_a_job_that_does_not_go(arena, stage, api, monkeypatch):
    """The end of the wait for what a finalizer holds says that the old job goes, and how to get it back."""
    monkeypatch.setattr("arena.actions.submit.send._REPLACING", 0.1)
    assert arena(*SUBMIT, "x").code == 0
    stage.cluster.patch(PYTORCHJOBS, "default", "bert", {"metadata": {"finalizers": ["example.com/hold"]}})
    code, _, err = arena(*SUBMIT, "--replace", "y")
    assert (code, state(stage)[1]) == (6, True)
    assert OLD + "is being deleted" + AGAIN in err


def test_ctrl_c_after_the_deletion(arena, api):
    """A user who interrupts it hears the same."""

    class Pressed(Fault):
        def matches(self, request: Any) -> bool:
            found = super().matches(request)
            os.kill(os.getpid(), signal.SIGINT) if found else None
            return found

    assert arena(*SUBMIT, *ALL, "x").code == 0
    api.faults[:] = [Pressed(path=r"/pytorchjobs\?(?!.*dryRun)", method="POST", delay=0.2)]
    code, _, err = arena(*SUBMIT, *ALL, "--replace", "y")
    assert code == 130
    assert f"Warning: {OLD}is deleted{AGAIN}" in err


def test_a_cron_that_is_replaced(arena, stage, api):
    """Crons are replaced in the same way."""
    words = ("cron", "job", "--name", "nightly", "--schedule", "@daily", "--image", "i", "--secret", "K=v")
    assert arena(*words, "x").code == 0
    api.faults[:] = [Forbidden("watch"), Forbidden("list", "secrets")]
    assert arena(*words, "--replace", "x").code == 0
    api.faults[:] = [Fault(path=r"/secrets\?(?!.*dryRun)", method="POST", code=403)]
    code, _, err = arena(*words, "--replace", "x")
    assert (code, 'the old cron job "nightly" is deleted' in err) == (4, True)
