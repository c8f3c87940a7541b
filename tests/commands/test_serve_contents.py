"""arena serve update of files, secrets, code and ports: all objects beside the main one, or none of them."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from arena.actions.submit.creation import Creation
from arena.local.api.fault_injection import Fault
from arena.resources import CONFIGMAPS, DEPLOYMENTS, SECRETS, SERVICES

NAME = "digits-1-custom-serving"
SERVE = ("serve", "custom", "--name", "digits", "--version", "1", "--image", "i:1", "--restful-port", "8080")
UPDATE = ("serve", "update", "custom", "--name", "digits")
TYPES = (DEPLOYMENTS, CONFIGMAPS, SECRETS, SERVICES)


def everything(stage: Any) -> dict[str, dict[str, Any]]:
    """All objects of the namespace, by kind and name."""
    return {
        f"{one.kind}/{obj['metadata']['name']}": obj
        for one in TYPES
        for obj in stage.cluster.list(one, "default")
    }


def unversioned(stage: Any) -> dict[str, dict[str, Any]]:
    """The same without what the server writes at each change."""
    found = everything(stage)
    for obj in found.values():
        obj["metadata"] = {
            key: obj["metadata"][key] for key in ("labels", "annotations", "uid") if key in obj["metadata"]
        }
    return found


def main(stage: Any) -> dict[str, Any]:
    """The Deployment."""
    found: dict[str, Any] = stage.cluster.get(DEPLOYMENTS, "default", NAME)
    return found


def pod(stage: Any) -> dict[str, Any]:
    """The spec of the pods."""
    found: dict[str, Any] = main(stage)["spec"]["template"]["spec"]
    return found


def files(stage: Any) -> dict[str, str]:
    """What the pods mount as config files, by its path."""
    [volume] = [one for one in pod(stage)["volumes"] if one["name"] == "config-files"]
    held = stage.cluster.get(CONFIGMAPS, "default", volume["configMap"]["name"])["data"]
    mounts = pod(stage)["containers"][0]["volumeMounts"]
    return {one["mountPath"]: held[one["subPath"]] for one in mounts if one["name"] == "config-files"}


def secrets(stage: Any) -> dict[str, str]:
    """The secret variables of the pods, with their values."""
    found = {}
    for one in pod(stage)["containers"][0]["env"]:
        if where := one.get("valueFrom", {}).get("secretKeyRef"):
            held = stage.cluster.get(SECRETS, "default", where["name"])
            found[one["name"]] = base64.b64decode(held["data"][where["key"]]).decode()
    return found


def code(stage: Any) -> list[str]:
    """The ConfigMaps with the code of the pods."""
    [volume] = [one for one in pod(stage)["volumes"] if one["name"] == "arena-code-parts"]
    return [one["configMap"]["name"] for one in volume["projected"]["sources"]]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A config file."""
    file = tmp_path / "app.yaml"
    file.write_text("one", encoding="utf-8")
    return file


def folder(tmp_path: Path, text: str) -> Path:
    """A folder with code."""
    made = tmp_path / "code"
    made.mkdir(exist_ok=True)
    (made / "main.py").write_text(text, encoding="utf-8")
    return made


def test_a_changed_file(arena, stage, app, tmp_path):
    """A named file is read anew, others stay as they are in the cluster, and the old content is kept."""
    other = tmp_path / "other.yaml"
    other.write_text("other", encoding="utf-8")
    words = ("--config-file", f"{app}:/etc/app.yaml", "--config-file", f"{other}:/etc/other.yaml")
    assert arena(*SERVE, *words, "x").code == 0
    app.write_text("two", encoding="utf-8")
    other.unlink()
    done = arena(*UPDATE, "--config-file", f"{app}:/etc/app.yaml")
    assert (done.code, done.out) == (0, "serving digits 1 updated\n"), done.err
    assert files(stage) == {"/etc/app.yaml": "two", "/etc/other.yaml": "other"}
    there = everything(stage)
    [new] = [one for one in there if one.startswith("ConfigMap/digits-1-files-")]
    assert there["ConfigMap/digits-1-files"]["data"]["0-app.yaml"] == "one"
    assert there[new]["metadata"]["ownerReferences"][0]["uid"] == main(stage)["metadata"]["uid"]
    again = arena(*UPDATE, "--config-file", f"{app}:/etc/app.yaml")
    assert (again.code, again.err.endswith("serving digits 1 is already so\n")) == (0, True), again
    assert everything(stage) == there


def test_a_further_file(arena, stage, app, tmp_path):
    """A file for another path is added, and one for the same path replaces what was there."""
    assert arena(*SERVE, "--config-file", f"{app}:/etc/app.yaml", "x").code == 0
    more, new = tmp_path / "more.yaml", tmp_path / "new.yaml"
    more.write_text("more", encoding="utf-8")
    new.write_text("new", encoding="utf-8")
    assert arena(*UPDATE, "--config-file", f"{more}:/etc/more.yaml").code == 0
    assert files(stage) == {"/etc/app.yaml": "one", "/etc/more.yaml": "more"}
    assert arena(*UPDATE, "--config-file", f"{new}:/etc/app.yaml").code == 0
    assert files(stage) == {"/etc/app.yaml": "new", "/etc/more.yaml": "more"}


def test_the_first_file(arena, stage, app):
    """A serving without files gets one."""
    assert arena(*SERVE, "x").code == 0
    done = arena("serve", "update", "digits", "--config-file", f"{app}:/etc/app.yaml")
    assert done.code == 0, done.err
    assert files(stage) == {"/etc/app.yaml": "one"}


def test_secrets(arena, stage):
    """Named secrets change and others stay; the name of the Secret does not follow from its content."""
    assert arena(*SERVE, "--secret", "A=1", "--secret", "B=1", "x").code == 0
    assert arena(*UPDATE, "--secret", "A=2", "--secret", "C=3").code == 0
    assert secrets(stage) == {"A": "2", "B": "1", "C": "3"}
    assert arena(*UPDATE, "--secret", "A=2").err.endswith("is already so\n")
    assert arena(*UPDATE, "--secret", "B-").code == 0
    assert secrets(stage) == {"A": "2", "C": "3"}
    assert arena(*UPDATE, "--secret", "B=1").code == 0
    # No ReplicaSet refers to the others: nothing here creates one.
    assert len([one for one in everything(stage) if one.startswith("Secret/")]) == 2
    assert not re.search(r'"(A|B|C)": "[123]"', str(main(stage)["metadata"]["annotations"]))


def test_code(arena, stage, tmp_path):
    """Named code is packed anew; what was changed without naming it stays as it was submitted."""
    place = folder(tmp_path, "one")
    assert arena(*SERVE, "--code", str(place), "python main.py").code == 0
    before = code(stage)
    folder(tmp_path, "two")
    assert arena(*UPDATE, "-e", "A=1").code == 0
    assert code(stage) == before
    done = arena(*UPDATE, "--code", str(place))
    assert (done.code, "code: 1 file" in done.err) == (0, True), done.err
    [part] = code(stage)
    there = everything(stage)
    assert [part] != before
    assert {f"ConfigMap/{part}", f"ConfigMap/{before[0]}"} <= there.keys()
    assert main(stage)["metadata"]["annotations"]["arena.kubeflow.org/code-parts"] == part
    again = arena(*UPDATE, "--code", str(place))
    assert (again.out, again.err.splitlines()[-1]) == ("", "serving digits 1 is already so")
    assert everything(stage) == there


def test_the_first_code(arena, stage, tmp_path):
    """A serving without code gets some, and starts in it."""
    assert arena(*SERVE, "python main.py").code == 0
    assert arena(*UPDATE, "--code", str(folder(tmp_path, "one"))).code == 0
    assert len(code(stage)) == 1
    assert pod(stage)["containers"][0]["workingDir"] == "/arena/code"
    assert [one["name"] for one in pod(stage)["initContainers"]] == ["arena-code"]


def ports(stage: Any) -> dict[str, int]:
    """The ports of the Service."""
    found = stage.cluster.get(SERVICES, "default", "digits-1")["spec"]["ports"]
    return {one["name"]: one["port"] for one in found}


def test_ports(arena, stage):
    """Ports get other numbers, are added and taken away, in pods and Service; what others changed stays."""
    assert arena(*SERVE, "x").code == 0
    stage.cluster.patch(SERVICES, "default", "digits-1", {"spec": {"sessionAffinity": "ClientIP"}})
    assert arena(*UPDATE, "--restful-port", "9000", "--port", "9001").code == 0
    assert ports(stage) == {"http-serving": 9000, "grpc-serving": 9001}
    [http, grpc] = pod(stage)["containers"][0]["ports"]
    assert (http["containerPort"], grpc["containerPort"]) == (9000, 9001)
    assert arena(*UPDATE, "--restful-port", "0").code == 0
    assert ports(stage) == {"grpc-serving": 9001}
    service = stage.cluster.get(SERVICES, "default", "digits-1")
    assert service["spec"]["sessionAffinity"] == "ClientIP"


def test_a_service_that_others_changed(arena, stage):
    """A named port gets its number even if that is recorded; a deleted Service stays deleted."""
    assert arena(*SERVE, "x").code == 0
    port = [{"name": "http-serving", "port": 1, "targetPort": "http-serving"}]
    stage.cluster.patch(SERVICES, "default", "digits-1", {"spec": {"ports": port}})
    done = arena(*UPDATE, "--restful-port", "8080")
    assert (done.code, done.out, ports(stage)) == (0, "serving digits 1 updated\n", {"http-serving": 8080})
    stage.cluster.delete(SERVICES, "default", "digits-1")
    assert arena(*UPDATE, "--restful-port", "9000").code == 0
    assert "Service/digits-1" not in everything(stage)


def test_the_kind_is_found(arena, stage):
    """Without the word for its kind, a serving takes the options of its kind, and no others."""
    assert arena(*SERVE, "x").code == 0
    done = arena("serve", "update", "digits", "--restful-port", "9000", "--drain=7")
    assert (done.code, ports(stage)) == (0, {"http-serving": 9000}), done.err
    assert pod(stage)["terminationGracePeriodSeconds"] == 37
    refused = arena("serve", "update", "digits", "--model-repository", "/m")
    assert refused.code == 2
    assert "a serving of the kind custom has no option --model-repository" in refused.err
    assert "arena serve update custom --help" in refused.err
    assert arena("serve", "update", "nobody", "--restful-port", "9000").code == 3
    assert "No such option" in arena("serve", "update", "digits", "--no-such", "1").err


def test_a_variable_that_is_not_recorded(arena, stage):
    """The value of a credential is not recorded, and stays as it is in the pods."""
    assert arena(*SERVE, "-e", "API_TOKEN=a$$b", "x").code == 0
    assert arena(*UPDATE, "-e", "A=1", "--image", "i:2").code == 0
    env = {one["name"]: one.get("value") for one in pod(stage)["containers"][0]["env"]}
    assert (env["API_TOKEN"], env["A"]) == ("a$$$$b", "1")
    assert "a$$b" not in str(main(stage)["metadata"])


def test_only_the_named_variable_is_set(arena, stage):
    """What others have made of a variable stays if another one is named."""
    assert arena(*SERVE, "-e", "A=1", "-e", "B=1", "x").code == 0
    env = pod(stage)["containers"][0]["env"]
    for number, one in enumerate(env):
        if one["name"] in ("A", "B"):
            path = f"/spec/template/spec/containers/0/env/{number}/value"
            stage.cluster.patch(
                DEPLOYMENTS,
                "default",
                NAME,
                [{"op": "replace", "path": path, "value": "theirs"}],
                "json-patch",
            )
    assert arena(*UPDATE, "-e", "A=1").code == 0
    now = {one["name"]: one.get("value") for one in pod(stage)["containers"][0]["env"]}
    assert (now["A"], now["B"]) == ("1", "theirs")


CHANGES = {
    "file": ("--config-file", "{app}:/etc/app.yaml"),
    "secret": ("--secret", "A=2"),
    "code": ("--code", "{code}"),
    "port": ("--restful-port", "9000"),
}
"""Options by what they change beside the main object."""


@pytest.fixture
def changed(arena, app, tmp_path):
    """A serving with all of these, and the words that change each; what is on disk has changed."""
    place = folder(tmp_path, "one")
    words = ("--config-file", f"{app}:/etc/app.yaml", "--secret", "A=1", "--code", str(place))
    assert arena(*SERVE, *words, "x").code == 0
    app.write_text("two", encoding="utf-8")
    folder(tmp_path, "two")
    return {name: tuple(word.format(app=app, code=place) for word in some) for name, some in CHANGES.items()}


FORBIDDEN = {
    "file": ("POST", "/configmaps"),
    "secret": ("POST", "/secrets"),
    "code": ("POST", "/configmaps"),
    "port": ("PATCH", "/services/"),
    "main": ("PATCH", "/deployments/"),
}
"""The request that creates or changes each."""


@pytest.mark.parametrize("part", FORBIDDEN)
def test_a_part_that_is_not_allowed(arena, stage, api, changed, part):
    """If one part is not allowed, the update is refused before anything is changed, with exit 4."""
    method, path = FORBIDDEN[part]
    words = [word for some in changed.values() for word in some]
    if part in changed:
        words = [*changed["port" if part != "port" else "secret"], *changed[part]]
    before = everything(stage)
    api.faults.append(Fault(path=path, method=method, code=403, message="no", times=99))
    refused = arena(*UPDATE, *words)
    assert (refused.code, refused.out) == (4, ""), refused
    assert everything(stage) == before


@pytest.mark.parametrize("part", FORBIDDEN)
@pytest.mark.parametrize("fault", ["refused", "lost"])
def test_a_step_that_fails(arena, stage, api, changed, part, fault):
    """If a step fails after the trials, or the connection breaks before it is made, all is as before."""
    method, path = FORBIDDEN[part]
    words = [word for some in changed.values() for word in some]
    before = unversioned(stage)
    real = rf"^(?!.*dryRun).*{path}"
    if fault == "refused":
        api.faults.append(Fault(path=real, method=method, code=422, message="no", times=1))
    else:
        api.faults.append(Fault(path=real, method=method, code=500, cut=True, times=1))
    failed = arena(*UPDATE, *words)
    assert failed.code != 0, failed
    assert unversioned(stage) == before


@pytest.mark.parametrize("part", FORBIDDEN)
def test_a_lost_answer(arena, stage, api, changed, part):
    """A change that was made without an answer counts as made."""
    method, path = FORBIDDEN[part]
    words = [word for some in changed.values() for word in some]
    api.faults.append(Fault(path=rf"^(?!.*dryRun).*{path}", method=method, cut=True, times=1))
    done = arena(*UPDATE, *words)
    assert (done.code, done.out) == (0, "serving digits 1 updated\n"), done.err
    assert (files(stage), secrets(stage), ports(stage)) == (
        {"/etc/app.yaml": "two"},
        {"A": "2"},
        {"http-serving": 9000},
    )


@pytest.mark.parametrize("step", range(1, 6))
def test_ctrl_c(arena, stage, changed, monkeypatch, step):
    """After Ctrl-C at any step, all is as before."""
    send, sent = Creation._sent, []

    def interrupted(*which: Any) -> Any:
        sent.append(send(*which))
        if len(sent) == step:
            raise KeyboardInterrupt
        return sent[-1]

    before = unversioned(stage)
    monkeypatch.setattr(Creation, "_sent", interrupted)
    ended = arena(*UPDATE, *(word for some in changed.values() for word in some))
    assert (ended.code, len(sent)) == (130, step)
    assert unversioned(stage) == before


def test_what_cannot_be_undone(arena, stage, api, changed):
    """If the cluster refuses to undo a step, the error says so, and what pods may refer to stays."""
    real = r"^(?!.*dryRun).*/deployments/"
    api.faults.append(Fault(path=real, method="PATCH", code=500, message="gone", cut=False, times=9))
    failed = arena(*UPDATE, *changed["file"], *changed["secret"])
    assert failed.code == 6
    assert 'the change of serving "digits 1" could not be undone completely' in failed.err
    assert len([one for one in everything(stage) if one.startswith(("Secret/", "ConfigMap/digits"))]) == 4
    api.faults.clear()
    done = arena(*UPDATE, *changed["file"], *changed["secret"])
    assert (done.code, files(stage), secrets(stage)) == (0, {"/etc/app.yaml": "two"}, {"A": "2"}), done.err


def test_the_name_of_a_new_object_is_taken(arena, stage, app):
    """What somebody else has made is not touched, and nothing is changed."""
    assert arena(*SERVE, "--config-file", f"{app}:/etc/app.yaml", "x").code == 0
    app.write_text("two", encoding="utf-8")
    shown = arena(*UPDATE, "--config-file", f"{app}:/etc/app.yaml", "--dry-run")
    [_, new] = yaml.safe_load_all(shown.out)
    stage.cluster.create(CONFIGMAPS, "default", {"metadata": {"name": new["metadata"]["name"]}})
    before = everything(stage)
    refused = arena(*UPDATE, "--config-file", f"{app}:/etc/app.yaml")
    assert (refused.code, everything(stage)) == (5, before)
    assert "is not part of serving" in refused.err


def test_a_dry_run_shows_all(arena, stage, changed):
    """`--dry-run` prints the patches and the new objects with secrets masked, and changes nothing."""
    before = everything(stage)
    told = arena(*UPDATE, *(word for some in changed.values() for word in some), "--dry-run")
    assert (told.code, everything(stage)) == (0, before)
    shown = list(yaml.safe_load_all(told.out))
    assert [one.get("kind") for one in shown] == [None, "ConfigMap", "Secret", "Service", "ConfigMap"]
    assert shown[2]["stringData"] == {"A": "***"}
    assert shown[3]["spec"]["ports"][0]["port"] == 9000
    told = arena(*UPDATE, *changed["secret"], "--dry-run", "-o", "json")
    assert [one.get("kind") for one in json.loads(told.out)["items"]] == [None, "Secret"]


def test_a_change_by_others_meanwhile(arena, stage, changed, monkeypatch):
    """If another client changes the main object between reading and writing, both changes are there."""
    from arena.actions.serving import transition

    begin = transition._begin
    patch = [{"spec": {"replicas": 4}}]

    def disturbed(*which: Any) -> Any:
        if patch:
            stage.cluster.patch(DEPLOYMENTS, "default", NAME, patch.pop())
        return begin(*which)

    monkeypatch.setattr(transition, "_begin", disturbed)
    done = arena(*UPDATE, *changed["file"], "--image", "i:2")
    assert done.code == 0, done.err
    assert (main(stage)["spec"]["replicas"], pod(stage)["containers"][0]["image"]) == (4, "i:2")
    assert len([one for one in everything(stage) if one.startswith("ConfigMap/digits")]) == 2


def test_a_canary_has_none_of_these(arena, stage, changed):
    """A canary with other files, secrets or code is refused, as its serving has these."""
    for part in ("file", "secret", "code"):
        refused = arena(*UPDATE, *changed[part], "--canary", "10%", "--guard", "p95<1s", "--sample", "[]")
        assert (refused.code, "a canary cannot have" in refused.err) == (2, True), (part, refused)
