"""submit: what is sent, what is refused, and that everything or nothing is created."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest
import yaml
from screens import PYTORCHJOBS

from arena import labels
from arena.actions.submit.creation import Creation
from arena.errors import ArenaError
from arena.kube import Cluster
from arena.local.api.fault_injection import Fault
from arena.resources import CONFIGMAPS, DEPLOYMENTS, SECRETS, SERVICES

SUBMIT = ("submit", "pytorchjob", "--image", "i")


def made(stage) -> list[str]:
    """Kind/name of everything that a submit may create."""
    found = []
    for resource in (PYTORCHJOBS, CONFIGMAPS, DEPLOYMENTS, SECRETS, SERVICES):
        found += [
            f"{one['kind']}/{one['metadata']['name']}" for one in stage.cluster.list(resource, "default")
        ]
    return [one for one in found if one != "ConfigMap/kube-root-ca.crt"]


def test_dry_run_prints_what_submit_sends(arena, stage):
    """The manifests of --dry-run are the objects that a submit creates, and --dry-run creates none."""
    words = (*SUBMIT, "--name", "bert", "--workers", "2", "-e", "LR=1e-3", "python train.py")
    printed = yaml.safe_load(arena(*words, "--dry-run").out)
    assert made(stage) == []
    assert arena(*words).code == 0
    sent = stage.cluster.get(PYTORCHJOBS, "default", "bert")
    assert sent["metadata"]["annotations"].pop(labels.SUBMISSION)
    assert sent["metadata"]["annotations"] == printed["metadata"]["annotations"]
    assert sent["spec"]["pytorchReplicaSpecs"] == printed["spec"]["pytorchReplicaSpecs"]


@pytest.mark.parametrize("more", [(), ("--secret", "K=v")], ids=["alone", "with a Secret"])
def test_second_submit_of_a_name_is_a_conflict(arena, more):
    """A taken name is exit 5, and the hint offers another name and --replace."""
    assert arena(*SUBMIT, "--name", "bert", *more, "x").code == 0
    code, out, err = arena(*SUBMIT, "--name", "bert", *more, "x")
    assert (code, out) == (5, "")
    assert 'pytorchjob "bert" exists in namespace "default"' in err
    assert "--replace" in err


def test_helpers_belong_to_the_job(arena, stage):
    """TensorBoard, config file and secret carry an owner reference to the job that they were made with."""
    file = Path(__file__)
    words = (
        "--name",
        "bert",
        "--tensorboard",
        "--logdir",
        "/l",
        "--secret",
        "K=v",
        "--config-file",
        f"{file}:/c/a",
    )
    assert arena(*SUBMIT, *words, "x").code == 0
    uid = stage.cluster.get(PYTORCHJOBS, "default", "bert")["metadata"]["uid"]
    helpers = [
        one for r in (CONFIGMAPS, DEPLOYMENTS, SECRETS, SERVICES) for one in stage.cluster.list(r, "default")
    ]
    owners = [[ref["uid"] for ref in one["metadata"].get("ownerReferences", [])] for one in helpers]
    assert owners == [[uid]] * 4


def test_replace_keeps_the_old_job_where_a_part_of_the_new_is_refused(arena, stage, api):
    """--replace deletes nothing before all that it is to make has been found acceptable."""
    arena(*SUBMIT, "--name", "bert", "--secret", "K=v", "x")
    before = stage.cluster.get(PYTORCHJOBS, "default", "bert")["metadata"]
    api.faults.append(Fault(path="/deployments", method="POST", code=403))
    code, _, _ = arena(*SUBMIT, "--name", "bert", "--secret", "K=v", "--tensorboard", "--replace", "y")
    after = stage.cluster.get(PYTORCHJOBS, "default", "bert")["metadata"]
    assert (code, after["uid"], after.get("deletionTimestamp")) == (4, before["uid"], None)


@pytest.mark.parametrize("part", ["secrets", "deployments", "services"])
@pytest.mark.parametrize("checked", [True, False])
def test_a_refused_part_leaves_nothing(arena, stage, api, part, checked):
    """If one of the objects is refused, in the check or afterwards, all created objects are deleted again."""
    where = rf"/{part}\?.*dryRun" if checked else rf"/{part}\?(?!.*dryRun)"
    api.faults.append(Fault(path=where, method="POST", code=403))
    code, out, _ = arena(*SUBMIT, "--name", "bert", "--tensorboard", "--secret", "K=v", "x")
    assert (code, out) == (4, "")
    assert made(stage) == []


def test_what_cannot_be_taken_back_is_named(arena, stage, api):
    """If a part is refused and the job cannot be deleted again, the error says how to delete it."""
    api.faults.append(Fault(path=r"/secrets\?(?!.*dryRun)", method="POST", code=403))
    api.faults.append(Fault(path="/pytorchjobs/bert", method="DELETE", code=403))
    code, _, err = arena(*SUBMIT, "--name", "bert", "--secret", "K=v", "x")
    assert code == 4
    assert 'pytorchjob "bert" could not be deleted again: delete it' in err
    assert made(stage) == ["PyTorchJob/bert"]


def test_ctrl_c_that_cannot_be_undone_is_told(stage, api):
    """If the cluster refuses to delete created objects after Ctrl-C, this is reported."""

    def interrupted(resource, kind):
        with Creation(stage.cluster, "the job") as together:
            together.create(
                resource, "default", {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}}
            )
            raise KeyboardInterrupt

    api.faults.append(Fault(path="/secrets/a", method="DELETE", code=403))
    with pytest.raises(ArenaError, match="the job could not be deleted again: delete it"):
        interrupted(SECRETS, "Secret")
    with pytest.raises(KeyboardInterrupt):
        interrupted(CONFIGMAPS, "ConfigMap")
    assert made(stage) == ["Secret/a"]


def test_ctrl_c_as_a_request_is_sent(stage, api):
    """Ctrl-C at the moment when a request is sent leaves nothing behind."""

    class Pressed(Cluster):
        """The cluster, and a user who is quick."""

        def create(self, *words):
            os.kill(os.getpid(), signal.SIGINT)
            return super().create(*words)

    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}

    def interrupted():
        with Creation(Pressed.at(api.url), "the secret") as alone:
            alone.create(SECRETS, "default", body)
            threading.Event().wait(60)

    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert made(stage) == []


def test_a_helper_of_somebody_else_is_never_touched(arena, stage):
    """An object that has a helper's name stops the submit and stays as it is."""
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bert-env"}, "stringData": {"a": "b"}}
    stage.cluster.create(SECRETS, "default", body)
    code, _, err = arena(*SUBMIT, "--name", "bert", "--secret", "K=v", "x")
    assert code == 5
    assert "bert-env" in err
    assert made(stage) == ["Secret/bert-env"]


def test_what_a_deleted_job_left_is_awaited(arena, stage):
    """A Secret that the cluster is about to delete, with a job of that name that is gone, is no conflict."""
    assert arena(*SUBMIT, "--name", "bert", "--secret", "K=v", "x").code == 0
    stage.cluster.delete(PYTORCHJOBS, "default", "bert")  # nobody collects here what belonged to it
    pending = threading.Timer(0.5, stage.cluster.delete, (SECRETS, "default", "bert-env"))
    pending.start()
    code, _, err = arena(*SUBMIT, "--name", "bert", "--secret", "K=w", "x")
    pending.join()
    assert code == 0, err
    assert made(stage) == ["PyTorchJob/bert", "Secret/bert-env"]


def test_secrets_are_masked_and_never_recorded(arena, stage):
    """A secret's value is in no annotation, and --dry-run shows stars."""
    words = (*SUBMIT, "--name", "bert", "--secret", "TOKEN=hunter2", "x")
    assert "hunter2" not in arena(*words, "--dry-run").out
    assert arena(*words).code == 0
    assert "hunter2" not in json.dumps(stage.cluster.get(PYTORCHJOBS, "default", "bert"))


def test_server_dry_run_creates_nothing_and_tells_what_is_wrong(arena, stage, tmp_path):
    """--dry-run=server has the cluster validate: good manifests are printed, bad ones are exit 2."""
    assert "kind: PyTorchJob" in arena(*SUBMIT, "--name", "a", "--dry-run=server", "x").out
    patch = tmp_path / "patch.yaml"
    patch.write_text("spec: {pytorchReplicaSpecs: {Master: {replicas: 2}}}")
    code, _, err = arena(*SUBMIT, "--name", "a", "--dry-run=server", "--patch", str(patch), "x")
    assert code == 2
    assert "Master" in err
    assert made(stage) == []


def test_a_job_file_has_the_same_keys_and_flags_win(arena, tmp_path):
    """-f reads options by the names of their flags, and the command line takes precedence."""
    file = tmp_path / "job.yaml"
    file.write_text(
        "kind: pytorchjob\nname: bert\nimage: i\nworkers: 3\nenv: {A: 1}\ncommand: python train.py\n"
    )
    found = yaml.safe_load(arena("submit", "pytorch", "-f", str(file), "--workers", "2", "--dry-run").out)
    assert found["metadata"]["name"] == "bert"
    assert found["spec"]["pytorchReplicaSpecs"]["Worker"]["replicas"] == 1
    assert {"name": "A", "value": "1"} in found["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"][
        "containers"
    ][0]["env"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wrokers: 2\ncommand: x", "did you mean workers?"),
        ("- a\n- b", "is not a job file"),
        ("kind: tfjob\ncommand: x", "describes a tfjob"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\nworkers: [", "job.yaml"),
        ("workers: many\ncommand: x", "--workers"),
        ("\t- x", "job.yaml"),
    ],
)
def test_a_bad_job_file_is_one_sentence(arena, stage, tmp_path, text, told):
    """An invalid job file is exit 2 with a hint, no traceback, and nothing is created."""
    file = tmp_path / "job.yaml"
    file.write_text(text)
    code, out, err = arena(*SUBMIT, "-f", str(file))
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err
    assert made(stage) == []


@pytest.mark.parametrize(
    "words",
    [
        ("--name", "Bert", "x"),
        ("--name", "1bert", "x"),
        ("--name", "b" * 50, "x"),
        ("--name", "b;rm -rf", "x"),
        ("--gpus", "-1", "x"),
        ("--gpus", "two", "x"),
        ("--workers", "0", "x"),
        ("--memory", "1Gib", "x"),
        ("--cpu", "NaN", "x"),
        ("--env", "NOVALUE", "x"),
        ("--env", "a b=c", "x"),
        ("--data", "pvc", "x"),
        ("--data", "pvc:relative", "x"),
        ("--toleration", "a=b:Never", "x"),
        ("--running-timeout", "soon", "x"),
        ("--image-pull-policy", "Sometimes", "x"),
        ("--device", "nvidia.com/gpu=1", "x"),
        ("--config-file", "/does/not/exist", "x"),
        ("--template", "/does/not/exist", "x"),
        ("--patch", "/does/not/exist", "x"),
        ("--dry-run=maybe", "x"),
        ("--sync-mode", "hdfs", "--sync-source", "s", "x"),
        (),
    ],
)
def test_a_bad_value_is_one_sentence_and_nothing_is_created(arena, stage, words):
    """Every value that cannot be used is exit 2 with a message, no traceback, and nothing is created."""
    code, out, err = arena(*SUBMIT, *words)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert "Error: " in err
    assert made(stage) == []


@pytest.mark.parametrize(
    "command",
    [
        "python x.py --lr 1e-3",
        "echo '${name}'",
        'a: b # c\n{"x": "%s"}',
        "naïve ☃ $(HOME) `id` $((1+1))",
        "'quoted'x",
    ],
)
def test_hostile_commands_arrive_byte_for_byte(arena, stage, command):
    """Quotes, braces, holes, newlines and colons in a command reach the container unchanged."""
    assert arena(*SUBMIT, "--name", "bert", command).code == 0
    master = stage.cluster.get(PYTORCHJOBS, "default", "bert")["spec"]["pytorchReplicaSpecs"]["Master"]
    assert master["template"]["spec"]["containers"][0]["command"] == ["sh", "-c", command]


def test_a_name_is_made_from_the_script(arena):
    """Without --name the job is called after the script, with digits against clashes."""
    found = arena(*SUBMIT, "torchrun src/Train_BERT.py --lr 1", "--dry-run", "-o", "name").out
    assert found.startswith("pytorchjob/train-bert-")


def test_one_pair_of_outer_quotes_is_stripped(arena):
    """A command in two pairs of quotes, as three pages of the Go arena write it, loses the inner pair."""
    found = yaml.safe_load(arena(*SUBMIT, "--name", "a", "'python x'", "--dry-run").out)
    container = found["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["sh", "-c", "python x"]


def test_deprecated_spellings_work_with_a_remark(arena):
    """Camel-case flags still work and say what to use instead."""
    code, out, err = arena(*SUBMIT, "--name", "a", "--workingDir", "/w", "x", "--dry-run")
    assert code == 0
    assert "workingDir: /w" in out
    assert "Flag --workingDir has been deprecated, please use --working-dir instead" in err


def test_an_image_is_asked_for_where_one_is_run(arena, stage):
    """Without --image a cluster's job is refused before anything is sent."""
    code, _, err = arena("submit", "pytorchjob", "--name", "a", "x")
    assert code == 2
    assert "--image" in err
    assert made(stage) == []


def test_defaults_come_from_user_and_administrator(arena, stage, tmp_path):
    """An image set by the administrator is used where neither flag nor file names one."""
    data = {"config.yaml": "defaults: {pytorchjob: {image: company/torch, cpu: 2}}"}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "arena-system"}}
    from arena.resources import NAMESPACES

    stage.cluster.create(NAMESPACES, None, space)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "arena-config"}, "data": data}
    stage.cluster.create(CONFIGMAPS, "arena-system", body)
    found = yaml.safe_load(arena("submit", "py", "--name", "a", "x", "--dry-run=server").out)
    container = found["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["resources"]["limits"]["cpu"]) == ("company/torch", "2")


def test_own_templates_are_used_and_a_wrong_folder_is_named(arena, tmp_path):
    """The setting `templates` puts the user's file in place of the packaged one; a wrong folder is exit 2."""
    folder = tmp_path / "mine"
    own = tmp_path / ".config" / "arena" / "config.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(f"templates: {folder}\n")
    code, _, err = arena(*SUBMIT, "--name", "a", "x", "--dry-run")
    assert code == 2
    assert "does not name a folder" in err
    folder.mkdir()
    (folder / "pytorchjob.yaml").write_text(
        "{apiVersion: '${api_version}', kind: PyTorchJob, metadata: {name: '${name}-mine'}}"
    )
    assert arena(*SUBMIT, "--name", "a", "x", "--dry-run", "-o", "name").out == "pytorchjob/a-mine\n"
