"""config, whoami, data and logviewer: whole screens."""

import json

from screens import Fixed

from arena.cli import run
from arena.commands._globals import Globals
from arena.local.api.fault_injection import Fault
from arena.resources import CLAIMS, CONFIGMAPS, NAMESPACES, SERVICES


def administrator(stage, namespace="arena-system", **data):
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    stage.cluster.create(NAMESPACES, None, body)
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "arena-config"}, "data": data}
    stage.cluster.create(CONFIGMAPS, namespace, made)


def test_config_view_shows_the_administrators_settings_when_asked(arena, stage):
    """The cluster is asked only with --cluster, and its settings come last before those built in."""
    administrator(
        stage, **{"config.yaml": "queue: gold\ndefaults: {tfjob: {gpus: 1}}\n", "image": "example/x:1"}
    )
    assert "queue" not in arena("config", "view").out
    lines = [line.split() for line in arena("config", "view", "--origin", "--cluster").out.splitlines()]
    assert ["queue", "gold", "administrator"] in lines
    assert ["image", "example/x:1", "administrator"] in lines
    assert ["defaults.tfjob.gpus", "1", "administrator"] in lines


def test_a_configured_default_that_cannot_be_used(arena, stage):
    """It is named with where it stands, not as if it had been written on the command line."""
    administrator(stage, **{"config.yaml": "defaults: {pytorchjob: {gpus: many}}\n"})
    said = arena("submit", "pytorch", "--name", "a", "--image", "x", "true")
    assert (said.code, said.out) == (2, "")
    assert 'Error: --gpus: "many" is not a whole number (administrator)' in said.err


def test_whoami_is_the_go_arenas_json(api, arena, tmp_path):
    """Name, Id and IsAdminUser; where the cluster does not tell the name it is that of the kubeconfig."""
    api.faults.append(Fault(path="/selfsubjectreviews", code=403, times=99))
    cluster, context = {"server": "http://127.0.0.1:1"}, {"cluster": "c", "user": "ann"}
    config = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}],
        "contexts": [{"name": "c", "context": context}],
        "users": [{"name": "ann", "user": {"token": "secret"}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")
    ann = {"Name": "ann", "Id": "7e0d7f8a5d96c24ffcc840f31bce72b2", "IsAdminUser": True, "Groups": []}
    assert json.loads(arena("whoami").out) == ann
    assert arena("whoami").err == (
        "the test's cluster does not report who you are; the name is that of the kubeconfig\n"
    )
    assert arena("whoami", "-o", "name").out == "ann\n"
    assert arena("whoami", "-o", "table").out == (
        "Name:         ann\n"
        "Id:           7e0d7f8a5d96c24ffcc840f31bce72b2\n"
        "IsAdminUser:  true\n"
        "Groups:       N/A\n"
        "Cluster:      the test's cluster\n"
        "Namespace:    default\n"
    )
    del context["user"]
    (tmp_path / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")
    assert "; the name is that of your login on this machine\n" in arena("whoami").err


def claim(stage, name, **notes):
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "annotations": notes},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "5Gi"}},
        },
    }
    return stage.cluster.create(CLAIMS, "default", body)


def test_data_list(arena, stage):
    """Claims are listed in the Go arena's columns; wide adds state, size and class."""
    assert arena("data", "ls") == (0, "", 'no volume claims in namespace "default" of the test\'s cluster\n')
    claim(stage, "corpus", owner="me", description="text")
    claim(stage, "models")
    lines = [line.split() for line in arena("data", "list").out.splitlines()]
    assert lines[0] == ["NAME", "ACCESSMODE", "DESCRIPTION", "OWNER", "AGE"]
    assert [line[:4] for line in lines[1:]] == [
        ["corpus", "ReadWriteMany", "text", "me"],
        ["models", "ReadWriteMany", "N/A", "N/A"],
    ]
    everywhere = [
        line.split() for line in arena("data", "list", "--allNamespaces", "-o", "wide").out.splitlines()
    ]
    assert everywhere[1][1] == "default"
    assert everywhere[1][-3:] == ["Bound", "5Gi", "fast"]
    assert [one["name"] for one in json.loads(arena("data", "list", "-o", "json").out)] == [
        "corpus",
        "models",
    ]


def test_logviewer_without_a_dashboard(arena, stage):
    """Where no dashboard is installed the remark says what shows the logs instead, and the exit code is 0."""
    stage.job("bert")
    assert arena("logviewer", "bert") == (
        0,
        "",
        "No LogViewer Installed\nthe same lines come from: arena logs bert -f\n",
    )


def test_logviewer_links_to_the_dashboard(arena, stage):
    """Each instance has a link to its logs, at the port that the dashboard has on the nodes."""
    stage.pod(stage.job("bert"))
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes-dashboard"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 443}], "selector": {"app": "dashboard"}},
    }
    stage.cluster.create(SERVICES, "kube-system", body)
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
    stage.cluster.patch(
        SERVICES, "kube-system", "kubernetes-dashboard", {"status": status}, subresource="status"
    )
    assert arena("logviewer", "bert").out == (
        "Your LogViewer will be available on:\n"
        "https://192.0.2.7:443/#/log/default/bert-master-0/pod?namespace=default\n"
    )


def test_logs_of_a_namespace_that_is_a_number(stage, tmp_path, capsys):
    """A user who writes `-n 10` for the last ten lines, as elsewhere, gets a remark with the right flag."""
    session = Fixed(stage.cluster, tmp_path)
    session.namespace = "10"
    assert run(["logs", "bert"], Globals(session=session)) == 3
    assert capsys.readouterr().err.startswith("-n 10 is a namespace; to show the last 10 lines, use -t 10\n")


def test_get_shows_queue_and_model(arena, stage):
    """The page and the JSON of a job name its queue, and the model that it is to give."""
    marks = {"kueue.x-k8s.io/queue-name": "team-a", "modelName": "bert-base", "modelVersion": "3"}
    notes = {"arena.kubeflow.org/model-source": "s3://models/bert"}
    stage.job("bert", "Succeeded", labels=marks, annotations=notes)
    shown = dict(line.split(":  ", 1) for line in arena("get", "bert").out.splitlines() if ":  " in line)
    titles = ("Queue", "ModelName", "ModelVersion", "ModelSource")
    assert [shown[title].strip() for title in titles] == ["team-a", "bert-base", "3", "s3://models/bert"]
    found = json.loads(arena("get", "bert", "-o", "json").out)
    assert [found[key] for key in ("modelName", "modelVersion", "modelSource")] == [
        "bert-base",
        "3",
        "s3://models/bert",
    ]
    assert (found["queue"]["name"], found["queue"]["system"]) == ("team-a", "kueue")


def test_list_says_why_a_job_waits(arena, stage):
    """A job that a queue holds says so in the wide list."""
    stage.job("bert", "Suspended", labels={"kueue.x-k8s.io/queue-name": "team-a"})
    why = "it is suspended, and the cluster has no Kueue to start it from queue team-a"
    assert why in arena("list", "-o", "wide").out
    assert f"Reason:      {why}" in arena("get", "bert").out


def test_arenas_own_namespace(tmp_path, monkeypatch, capsys):
    """--arena-namespace says where the administrator's settings are, before every other source."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ARENA_ARENA_NAMESPACE", "elsewhere")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    assert run(["--arena-namespace", "team", "config", "view", "--origin"]) == 0
    assert ["arena-namespace", "team", "flag"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]
