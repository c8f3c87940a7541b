"""--code against the API alone: what is sent, shared, refused and reported."""

import base64
import json
import os
import pty
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from screens import PYTORCHJOBS

from arena.actions.submit.code import archive, storage
from arena.local.api.fault_injection import Fault
from arena.resources import CONFIGMAPS

SUBMIT = ("submit", "pytorchjob", "--image", "i")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n")
    return folder


def parts(stage) -> list[dict]:
    every = stage.cluster.list(CONFIGMAPS, "default")
    return [one for one in every if one["metadata"]["name"].startswith("arena-code-")]


def jobs(stage) -> list[str]:
    return [one["metadata"]["name"] for one in stage.cluster.list(PYTORCHJOBS, "default")]


def owners(part) -> list[str]:
    return [one["name"] for one in part["metadata"]["ownerReferences"]]


def test_dry_run_prints_what_is_sent(arena, stage, code):
    """--dry-run prints the very ConfigMaps that a submit sends, also those of the cluster's check."""
    words = (*SUBMIT, "--name", "j", "--code", str(code), "python train.py")
    job, printed = yaml.safe_load_all(arena(*words, "--dry-run").out)
    assert arena(*words, "--dry-run=server", "-o", "name").out.splitlines() == [
        "pytorchjob/j",
        f"configmap/{printed['metadata']['name']}",
    ]
    assert (parts(stage), jobs(stage)) == ([], [])
    done = arena(*words)
    assert done.code == 0
    (sent,) = parts(stage)
    assert (sent["binaryData"], sent["metadata"]["labels"]) == (
        printed["binaryData"],
        printed["metadata"]["labels"],
    )
    assert owners(sent) == ["j"]
    assert job["metadata"]["annotations"]["arena.kubeflow.org/code-parts"] == sent["metadata"]["name"]
    assert "code: 1 file, 9 bytes (" in done.err
    assert arena(*words, "--dry-run=server").code == 5  # the job's name is taken, its code is not
    assert arena(*SUBMIT, "--name", "k", "--code", str(code), "x", "--dry-run=server").code == 0


def test_jobs_share_parts(arena, stage, code):
    """A second job with the same code owns the parts too, and sends none."""
    arena(*SUBMIT, "--name", "a", "--code", str(code), "x")
    before = parts(stage)[0]["metadata"]["uid"]
    arena(*SUBMIT, "--name", "b", "--code", str(code), "x")
    (one,) = parts(stage)
    assert (one["metadata"]["uid"], owners(one)) == (before, ["a", "b"])


def test_many_at_once(stage, code):
    """However many jobs come to own the same parts at once, all of them do."""
    packed = archive.pack(str(code))
    made = storage.packed(packed)
    meta = {"name": made.names[0], "namespace": "default"}
    body = {"part": base64.b64encode(made.parts[made.names[0]]).decode()}
    part = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "binaryData": body}
    refs = [
        {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "name": f"j{n}", "uid": f"u{n}"}
        for n in range(24)
    ]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda ref: storage.provide(stage.cluster, [part], ref), refs))
    assert sorted(owners(parts(stage)[0])) == sorted(one["name"] for one in refs)


def test_an_applied_part_is_adopted(arena, stage, code):
    """Parts that a dry run printed and somebody applied belong to the next job with that code."""
    text = arena(*SUBMIT, "--name", "j", "--code", str(code), "x", "--dry-run").out
    stage.cluster.create(CONFIGMAPS, "default", list(yaml.safe_load_all(text))[1])
    assert arena(*SUBMIT, "--name", "j", "--code", str(code), "x").code == 0
    assert owners(parts(stage)[0]) == ["j"]


def test_something_else_under_the_name(arena, stage, code):
    """A ConfigMap with a part's name and other content stops the submit and stays as it is."""
    text = arena(*SUBMIT, "--name", "j", "--code", str(code), "x", "--dry-run").out
    other = list(yaml.safe_load_all(text))[1] | {"binaryData": {"part": base64.b64encode(b"evil").decode()}}
    stage.cluster.create(CONFIGMAPS, "default", other)
    before = parts(stage)
    ended = arena(*SUBMIT, "--name", "j", "--code", str(code), "x")
    assert (ended.code, "does not hold the code that it is named after" in ended.err) == (5, True)
    assert jobs(stage) == []
    assert parts(stage) == before


@pytest.mark.parametrize("checked", [True, False])
def test_a_refused_part_leaves_no_job(arena, stage, api, code, checked):
    """If a part is refused, in the check or afterwards, the job is deleted again."""
    where = r"/configmaps\?.*dryRun" if checked else r"/configmaps\?(?!.*dryRun)"
    api.faults.append(Fault(path=where, method="POST", code=403))
    ended = arena(*SUBMIT, "--name", "j", "--code", str(code), "x")
    assert (ended.code, ended.out) == (4, "")
    assert (jobs(stage), parts(stage)) == ([], [])


@pytest.mark.skipif(not shutil.which("git"), reason="NOT CHECKED: there is no git to commit the code to")
def test_digest_and_origin_are_recorded(arena, stage, code):
    """The job records the digest of its code, its commit and remote, but no credentials and no content."""
    env = {"HOME": str(code), "PATH": os.environ["PATH"]}
    who = ["git", "-c", "user.name=n", "-c", "user.email=e@example.com", "-C", str(code)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"],
                  ["remote", "add", "origin", "https://me:hush@example.com/c.git"]):  # fmt: skip
        subprocess.run([*who, *words], check=True, env=env)
    arena(*SUBMIT, "--name", "j", "--code", str(code), "x")
    notes = stage.cluster.get(PYTORCHJOBS, "default", "j")["metadata"]["annotations"]
    origin = json.loads(notes["arena.kubeflow.org/code-origin"])
    assert origin["remote"] == "https://example.com/c.git"
    assert len(origin["commit"]) == 40
    assert notes["arena.kubeflow.org/code-digest"].startswith("sha256:")
    assert "hush" not in json.dumps(notes)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--code", "missing"), '--code: "missing" cannot be read: No such file or directory'),
        (("--code", ""), "--code: it is empty"),
        (("--code", "."), '--code: "." has no files'),
        (("--code", "/etc/passwd"), '--code: "/etc/passwd" cannot be read: Not a directory'),
        (
            ("--code", ".", "--sync-mode", "git", "--sync-source", "s"),
            "--code and --sync-mode are mutually exclusive",
        ),
    ],
)
def test_bad_folders(arena, stage, tmp_path, monkeypatch, words, told):
    """A folder that cannot be packed is exit 2 with one sentence, and nothing is created."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    code, out, err = arena(*SUBMIT, "--name", "j", *words, "x")
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err
    assert jobs(stage) == []


def test_a_job_file_and_secrets(arena, tmp_path, code):
    """`code` is a key of job files, and what looks like a secret earns a warning."""
    (code / ".env").write_text("TOKEN=1")
    file = tmp_path / "job.yaml"
    file.write_text(f"name: j\nimage: i\ncommand: x\ncode: {code}\n")
    ended = arena("submit", "pytorchjob", "-f", str(file), "--dry-run", "-o", "name")
    assert len(ended.out.splitlines()) == 2
    assert "Warning: --code packs what looks like secrets: .env; list it in .arenaignore" in ended.err


def test_code_of_a_job(arena, stage, code, tmp_path):
    """`arena code` reports a job without code, a missing part, and mutually exclusive flags."""
    stage.job("plain")
    assert arena("code", "plain").code == 3
    assert arena("code", "missing").code == 3
    arena(*SUBMIT, "--name", "j", "--code", str(code), "x")
    assert arena("code", "j", "--send", ".", "--list").code == 2
    ended = arena("code", "j", "--send", str(code))
    assert (ended.code, 'no instance of "j" waits for code' in ended.err) == (2, True)
    ended = arena("code", "j", "-d", str(tmp_path / "back"), "-o", "json")
    assert json.loads(ended.out)["files"] == [{"path": "train.py", "size": 9, "mode": "644"}]
    stage.cluster.delete(CONFIGMAPS, "default", parts(stage)[0]["metadata"]["name"])
    ended = arena("code", "j", "--list")
    assert (ended.code, "is no longer stored" in ended.err) == (3, True)


def test_a_terminal_is_not_flooded(tmp_path):
    """On a terminal --dry-run cuts the packed code short, and says so; piped it is whole."""
    (tmp_path / "noise").write_bytes(os.urandom(3000))
    words = [sys.executable, "-m", "arena", *SUBMIT, "--name", "j", "--code", ".", "--dry-run", "x"]
    near, far = pty.openpty()
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "ARENA_LOCAL_HOME": str(tmp_path / "none")}
    with subprocess.Popen(words, cwd=tmp_path, env=env, stdout=far, stderr=subprocess.PIPE) as child:
        os.close(far)
        shown = b""
        while True:
            try:
                data = os.read(near, 65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data
        said = child.stderr.read().decode()
    os.close(near)
    assert child.returncode == 0, said
    assert len(shown) < 6000
    assert b"... (" in shown
    assert "use -o yaml to see all of it" in said


def test_a_schedule(arena, stage, code):
    """A cron owns the parts for all its runs; code that is too large to be stored is refused."""
    words = ("cron", "job", "--schedule", "@daily", "--image", "i", "--code", str(code), "--name")
    assert arena(*words, "night", "x").code == 0
    assert parts(stage)[0]["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    (code / "noise").write_bytes(os.urandom(15_000_000))
    ended = arena(*words, "other", "x")
    assert ended.code == 2
    assert "to be stored in the cluster" in ended.err
    assert len(parts(stage)) == 1
