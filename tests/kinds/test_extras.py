"""What is made beside a job, and what the job shares with it."""

import json

import pytest

from arena import kinds
from arena.errors import SpecError
from arena.kinds.workload.dependents import FILES_LIMIT, dependents
from arena.kinds.workload.rendering import Rendering


def pod_of(job):
    (roles,) = [value for key, value in job["spec"].items() if key.endswith("ReplicaSpecs")]
    return roles["Chief"]["template"]["spec"]


def test_secrets_stay_in_the_secret(submit):
    """Secret values stand in the job's Secret and nowhere else; the job refers to them."""
    made = submit(
        "tf",
        "--name",
        "x",
        "--image",
        "i",
        "--secret",
        "TOKEN=hush-1",
        "-e",
        "GIT_SYNC_PASSWORD=hush-2",
        "-e",
        "GIT_SYNC_USERNAME=me",
        "--sync-mode",
        "git",
        "--sync-source",
        "https://h/a.git",
        "--tensorboard",
        "true",
    )
    (secret,) = [one for one in made if one["kind"] == "Secret"]
    assert secret["stringData"] == {
        "TOKEN": "hush-1",
        "GIT_SYNC_PASSWORD": "hush-2",
        "GIT_SYNC_USERNAME": "me",
    }
    assert "hush" not in json.dumps([one for one in made if one is not secret])
    chief = pod_of(made[0])
    assert "GIT_SYNC_PASSWORD" not in {one["name"] for one in chief["containers"][0]["env"]}
    init = {one["name"]: one for one in chief["initContainers"][0]["env"]}
    assert init["GIT_SYNC_PASSWORD"]["valueFrom"]["secretKeyRef"] == {
        "name": "x-env",
        "key": "GIT_SYNC_PASSWORD",
    }
    assert init["GIT_SYNC_DEST"]["value"] == "a"


@pytest.mark.parametrize(
    ("words", "owned", "events"),
    [
        ((), True, "/training_logs"),
        (("--logdir", "runs"), True, "/root/runs"),
        (("--logdir", "/data/logs"), False, "/data/logs"),
        (("--logdir", "/data2"), True, "/data2"),
        (("--logdir", "s3://bucket/x"), False, "s3://bucket/x"),
    ],
)
def test_event_files(words, owned, events, submit):
    """Event files outside of mounted data get a folder of the node that job and TensorBoard share."""
    made = submit("tf", "--name", "x", "--image", "i", "-d", "corpus:/data", "--tensorboard", *words, "true")
    job, board, service = made
    pods = [pod_of(job), board["spec"]["template"]["spec"]]
    for pod in pods:
        folders = [one["hostPath"] for one in pod["volumes"] if one["name"] == "training-logs-volume"]
        assert folders == ([{"path": "/arena_logs/x", "type": "DirectoryOrCreate"}] if owned else [])
        assert {one["name"] for one in pod["containers"][0]["volumeMounts"]} == {
            one["name"] for one in pod["volumes"]
        }
    words = pods[1]["containers"][0]["command"]
    assert words[words.index("tensorboard") :][:3] == ["tensorboard", "--logdir", events]
    assert service["spec"]["type"] == "ClusterIP"
    assert board["spec"]["template"]["metadata"]["labels"].items() >= service["spec"]["selector"].items()
    assert board["metadata"]["labels"]["role"] == "tensorboard"


MASTER, FIRST = {"job-role": "master"}, {"replica-type": "worker", "replica-index": "0"}


@pytest.mark.parametrize(
    ("words", "marks"),
    [
        (("tf", "--workers", "2"), MASTER),
        (("pytorch", "--workers", "2", "--max-workers", "4"), MASTER),
        (("jax", "--workers", "2"), MASTER),
        (("mpi", "--workers", "2"), {"replica-index": "0"}),
        (("paddle", "--workers", "2"), FIRST),
        (("paddle", "--workers", "2", "--ps", "2"), FIRST),
    ],
)
def test_the_board_is_beside_who_writes(words, marks, submit):
    """TensorBoard runs beside the pod that writes the events, by labels that the operator gives to it."""
    word, *more = words
    board = submit(word, "--name", "x", "--image", "i", "--tensorboard", *more, "true")[1]
    rules = board["spec"]["template"]["spec"]["affinity"]["podAffinity"]
    (rule,) = rules["requiredDuringSchedulingIgnoredDuringExecution"]
    wanted = {f"training.kubeflow.org/{key}": value for key, value in {"job-name": "x", **marks}.items()}
    assert rule["labelSelector"]["matchLabels"] == wanted


def test_pods_on_one_host_need_no_folder(submit):
    """Where pods share a file system, TensorBoard reads the directory that the user named, as named."""
    job, board, _ = submit(
        "pytorch", "--name", "x", "--tensorboard", "--logdir", "runs", "true", on_host=True, image="local"
    )
    assert "training-logs-volume" not in json.dumps(job)
    words = board["spec"]["template"]["spec"]["containers"][0]["command"]
    assert words[words.index("--logdir") + 1] == "runs"
    assert "affinity" not in board["spec"]["template"]["spec"]


def test_config_files(read_words):
    """Files of the same name are distinguished, binary content is preserved, and too much is refused."""
    spec = read_words(
        "tf",
        "--name",
        "x",
        "--image",
        "i",
        "--config-file",
        "/a/c:/x/c",
        "--config-file",
        "/b/c:/y/c",
        "true",
    )
    (one,) = beside(spec, {"/a/c": b"text", "/b/c": b"\xff"})
    assert one.values["data"] == {"0-c": "text"}
    assert one.values["binary"] == {"1-c": "/w=="}
    with pytest.raises(SpecError, match="exceed 1 MB"):
        beside(spec, {"/a/c": b"x" * FILES_LIMIT, "/b/c": b"x"})


def beside(spec, contents):
    kind = kinds.find("tfjob")
    return dependents(kind, spec, Rendering(resource=kind.resources[0], config_files=contents))


def test_passwords_for_rsync(submit):
    """The password of an rsync server reaches the container that copies the code, from a Secret."""
    words = ("--sync-mode", "rsync", "--sync-source", "rsync://me@host/code", "--env-from-secret")
    (job,) = submit("tf", "--name", "x", "--image", "i", *words, "RSYNC_PASSWORD=box:key", "true")
    (fetcher,) = pod_of(job)["initContainers"]
    where = {"secretKeyRef": {"name": "box", "key": "key"}}
    assert fetcher["env"] == [{"name": "RSYNC_PASSWORD", "valueFrom": where}]


def test_volume_names(submit):
    """A claim whose name cannot name a volume, or is taken by arena's own, gets another."""
    (job,) = submit(
        "tf", "--name", "x", "--image", "i", "-d", "a.b:/a", "-d", "dshm:/b", "-d", "fine:/c", "true"
    )
    pod = pod_of(job)
    assert [one["name"] for one in pod["volumes"]] == ["claim-0", "claim-1", "fine", "dshm"]
    assert [one["mountPath"] for one in pod["containers"][0]["volumeMounts"]] == [
        "/a",
        "/b",
        "/c",
        "/dev/shm",
    ]


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        (("et",), "team"),
        (("et", "--ssh-secret", "keys"), "keys"),
        (("dp",), "training-job-config"),
        (("mpi",), "ssh-auth"),
    ],
)
def test_volumes_of_operators(words, taken, submit):
    """A claim that is called like a volume of the operator's is mounted under another name."""
    kind, *more = words
    data = ("-d", f"{taken}:/a", "-d", "claim-1:/b", "-d", "fine:/c")
    job = submit(kind, "--name", "team", "--image", "i", *more, *data, "true")[0]
    roles = job["spec"].get("etReplicaSpecs") or job["spec"]["mpiReplicaSpecs"]
    pod = next(one for name, one in roles.items() if name.lower() == "worker")["template"]["spec"]
    claims = {
        one["persistentVolumeClaim"]["claimName"]: one["name"]
        for one in pod["volumes"]
        if "persistentVolumeClaim" in one
    }
    assert claims == {taken: "claim-0", "claim-1": "claim-1", "fine": "fine"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--name", "x", "--ssh-secret", "my.keys"), '--ssh-secret "my.keys" cannot be the name of a volume'),
        (("--name", "dshm"), '--name "dshm" cannot be the name of a volume'),
    ],
)
def test_the_volume_with_the_key(words, sentence, submit):
    """A Secret after which the operator cannot name a volume is refused, for no worker would start."""
    with pytest.raises(SpecError, match=sentence):
        submit("et", "--image", "i", *words, "true")


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("https://example.com/team/code.git", "code"),
        ("https://example.com/team/code/", "code"),
        ("git@example.com:code.git", "code"),
        ("/srv/code/.git", "code"),
        ("https://example.com/team/a.git.b", "a.git.b"),
    ],
)
def test_folder_of_the_code(source, folder, submit):
    """Code lands in a folder that is named like its repository."""
    (job,) = submit(
        "tf", "--name", "x", "--image", "i", "--sync-mode", "git", "--sync-source", source, "true"
    )
    init = {one["name"]: one["value"] for one in pod_of(job)["initContainers"][0]["env"]}
    assert init["GIT_SYNC_DEST"] == folder
