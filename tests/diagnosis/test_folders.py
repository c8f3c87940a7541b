"""Folders that others made: broken, hostile, or of other tools."""

import json
import os
from pathlib import Path
from time import process_time

import pytest

from arena.actions.diagnosis import why
from arena.diagnosis.observations import LAST
from arena.errors import NotFound, SpecError
from arena.views import diagnoses


def pod(name: str, **changes: object) -> dict[str, object]:
    """A pod whose container failed."""
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-03-01T10:12:31Z"}}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": "n", "containers": [{"name": "main"}]},
        "status": {"phase": "Failed", "containerStatuses": [{"name": "main", "state": ended}]},
        **changes,
    }


def put(folder: Path, name: str, content: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(json.dumps(content), "utf-8")


def test_a_pod_without_labels(tmp_path):
    """A bare pod is its own job, also if its file holds a single object and its log has no times."""
    put(tmp_path, "default/pods.json", pod("alone"))
    put(tmp_path, "default/alone/logs.txt", b"CUDA out of memory. Tried to allocate 2 GiB\n")
    assert why.why_folder(tmp_path).finding.id == "oom.cuda"
    assert why.why_folder(tmp_path, "alone").name == "alone"


def test_several_jobs(tmp_path):
    """A folder with several jobs needs a name, and suggests those that it has."""
    put(tmp_path, "default/pods.json", {"items": [pod("a"), pod("b")]})
    with pytest.raises(SpecError) as error:
        why.why_folder(tmp_path)
    assert error.value.hint == "name one of them: a, b"
    with pytest.raises(NotFound) as missing:
        why.why_folder(tmp_path, "c")
    assert missing.value.hint == "it has a, b"


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"\xff\xfe\x00", b"[" * 100_000, b"3", b'{"items": 3}',
        b'{"items": [3, {}, {"metadata": []}]}',
        b'{"items": [{"metadata": {"name": "x"}, "status": "up", "spec": []}]}',
        b'{"items": [{"metadata": {"name": "x", "labels": 3, "ownerReferences": {}}, "status":'
        b' {"containerStatuses": [{"name": 3, "state": {"terminated": {"exitCode": "x", "finishedAt": 0}}}],'
        b' "conditions": [3, {"type": []}], "startTime": "99999-01-01T00:00:00Z"}}]}',
        b'{"items": [{"metadata": {"name": "x", "creationTimestamp": 1e999}, "spec": {"volumes": 3}}]}',
    ],
)  # fmt: skip
def test_broken_files(tmp_path, content):
    """A broken file takes away its part alone, and never a traceback."""
    put(tmp_path, "default/pods.json", content)
    put(tmp_path, "default/events.json", content)
    put(tmp_path, "default/objects.json", {"kind": "List", "items": [pod("alone")]})
    assert why.why_folder(tmp_path, "alone").finding.id == "exit.nonzero"


def test_links_and_pipes(tmp_path):
    """Links out of the folder and named pipes are not read, which is said."""
    put(tmp_path / "dump", "default/pods.json", {"items": [pod("alone")]})
    put(tmp_path, "outside", b"CUDA out of memory. Tried to allocate 2 GiB\n")
    (tmp_path / "dump/default/alone").mkdir()
    (tmp_path / "dump/default/alone/logs.txt").symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / "dump/default/alone/main.log")
    found = why.why_folder(tmp_path / "dump")
    assert found.finding.id == "exit.nonzero"
    assert found.unread == (
        "default/alone/logs.txt was not read: it is a link, or no regular file",
        "default/alone/main.log was not read: it is a link, or no regular file",
    )


def test_escape_sequences(tmp_path):
    """No escape sequence of a log or a name reaches the page."""
    put(tmp_path, "default/pods.json", {"items": [pod("alone")]})
    log = b"\x1b]0;title\x07\x1b[31mCUDA out of memory. Tried to allocate 2 GiB\x1b[0m \x1b[2J\x9b5n\n"
    put(tmp_path, "default/alone/main.log", log)
    found = why.why_folder(tmp_path)
    assert found.finding.id == "oom.cuda"
    assert "\x1b" not in diagnoses.text(found)


def test_secrets_in_the_cause(tmp_path):
    """A secret in the exception of a program is masked in the cause, too."""
    put(tmp_path, "default/pods.json", {"items": [pod("alone")]})
    put(tmp_path, "default/alone/main.log", b"RuntimeError: login with token=PLANTED-0123 failed\n")
    found = why.why_folder(tmp_path)
    assert found.finding.id == "exit.nonzero"
    assert "login with token=<redacted> failed" in found.finding.cause
    assert "PLANTED" not in str(diagnoses.data(found))


def test_logs_alone(tmp_path):
    """From a log alone, the cause is a sentence, although neither the job nor the pod is known."""
    put(tmp_path, "out.log", b"RuntimeError: bad shape\n")
    found = why.why_folder(tmp_path).finding
    assert found.cause == "the program of an instance failed: RuntimeError: bad shape"
    assert found.evidence[0].subject == "a pod (out)"


def test_huge_logs(tmp_path):
    """Of a huge log, also one that is a single line, the beginning and the end are read."""
    put(tmp_path, "default/pods.json", {"items": [pod("alone")]})
    end = b"CUDA out of memory. Tried to allocate 2 GiB\n"
    put(tmp_path, "default/alone/main.log", b"x" * (30 << 20) + b"\n" + b"step\n" * 100_000 + end)
    assert why.why_folder(tmp_path).finding.id == "oom.cuda"


def test_lines_that_were_looked_at(tmp_path):
    """Only the end of a long log is looked at, and only its lines are counted."""
    put(tmp_path, "default/pods.json", {"items": [pod("alone")]})
    put(tmp_path, "default/alone/main.log", b"step\n" * 9000)
    assert f"{LAST} lines" in why.why_folder(tmp_path).looked


def test_huge_messages(tmp_path):
    """Of a huge message only the beginning is searched, so that it takes no time."""
    about = {"kind": "Pod", "name": "alone", "namespace": "default"}
    event = {"involvedObject": about, "type": "Warning", "reason": "Bad", "message": "Xid " * 100_000}
    put(tmp_path, "default/pods.json", {"items": [pod("alone")]})
    put(tmp_path, "default/events.json", {"items": [event]})
    began = process_time()
    assert why.why_folder(tmp_path).finding.id == "exit.nonzero"
    assert process_time() - began < 5


def test_rules_of_the_user(tmp_path, monkeypatch):
    """Rules in the user's configuration are used as well, and a wrong one is named."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    rule = tmp_path / "config/arena/rules/site.yaml"
    rule.parent.mkdir(parents=True)
    rule.write_text("- {id: site.quota, match: [{log: 'quota of (?P<who>\\w+)'}], cause: 'ask {who}'}\n")
    put(tmp_path, "dump/default/pods.json", {"items": [pod("alone")]})
    put(tmp_path, "dump/default/alone/main.log", b"over the quota of bob\n")
    found = why.why_folder(tmp_path / "dump").finding
    assert (found.id, found.cause) == ("site.quota", "ask bob")
    rule.write_text("- {id: site.quota}\n")
    with pytest.raises(SpecError, match=r"site.yaml, rule 1 \(site.quota\): match|cause"):
        why.why_folder(tmp_path / "dump")
