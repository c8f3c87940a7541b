"""What brings the code of --code into the pods of every kind, and the shell lines that do it there."""

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from users import passable

from arena import kinds, manifests
from arena.actions.submit.code import archive, upload
from arena.actions.submit.plan import templates
from arena.actions.submit.settle import starts_here
from arena.errors import SpecError
from arena.kinds.spec import complete, encode, options, parse
from arena.kinds.workload import code, dependents, logdir
from arena.kinds.workload.code import BEGIN, HOLD, NAME, TAKE, UNPACK
from arena.kinds.workload.rendering import PackedCode, Rendering
from arena.kinds.workload.spec import remarks

PACKED = PackedCode(
    names=("arena-code-a", "arena-code-b"), parts={"arena-code-a": b"1", "arena-code-b": b"2"}
)
SENT = PackedCode(names=(), parts={})
ODD = {"sparkjob", "trainjob"}
"""Kinds whose manifests have no pod templates; their case files show what they have."""
NO_COMMAND = {"ray-job-submitter"}
"""Containers that run no command of the user's."""


def rendering(kind, packed=PACKED, **more):
    return Rendering(**{"resource": kind.resources[0], "code": packed, **more})


def made(kind, packed=PACKED, **more):
    given = {"name": "x", "image": "i", "command": "true", "code": ".", **more}
    values = kind.values(parse(kind.spec, given), rendering(kind, packed))
    return manifests.render(manifests.find(kind.template), values, "it")[0]


@pytest.mark.parametrize("kind", kinds.training_kinds(), ids=lambda kind: kind.name)
def test_every_kind(kind):
    """Every pod that runs the command has the code unpacked first, and starts where it is."""
    assert "code" in {one.name for one in options(kind.spec)}
    if kind.name in ODD:
        return
    for template in templates(made(kind)):
        (container, *_) = template["spec"]["containers"]
        if container["name"] in NO_COMMAND:
            continue
        (init,) = template["spec"]["initContainers"]
        assert (init["name"], init["image"], init["command"][-2:]) == (
            NAME,
            "i",
            ["/arena/parts", "/arena/code"],
        )
        assert container["workingDir"] == "/arena/code"
        assert {"name": NAME, "mountPath": "/arena/code"} in container["volumeMounts"]
        (volume,) = [one for one in template["spec"]["volumes"] if one["name"] == "arena-code-parts"]
        names = [one["configMap"]["name"] for one in volume["projected"]["sources"]]
        assert names == ["arena-code-a", "arena-code-b"]


def test_working_dir():
    """With --working-dir the code lies there; where pods are processes of this machine it does not."""
    kind = kinds.find("pytorch")
    spec = parse(kind.spec, {"name": "x", "command": "true", "code": ".", "working-dir": "/w"})
    remote, local = rendering(kind), rendering(kind, on_host=True)
    assert code.start_dir(spec, remote) == "/w"
    assert code.start_dir(spec, local) == "/arena/code"
    assert logdir.location(spec, remote) == "/training_logs"
    assert logdir.location(replace(spec, logdir="runs"), remote) == "/w/runs"
    without = parse(kind.spec, {"name": "x", "command": "true", "working-dir": "/w"})
    assert code.start_dir(without, remote) == "/w"


@pytest.mark.parametrize("kind", ["pytorch", "ray"])
def test_default_working_dir(kind):
    """The default directory counts as given if it is given: the code lies there, also after a rerun."""
    kind = kinds.find(kind)
    default = kind.spec.default_dir
    options = {"name": "x", "command": "true", "code": "."}
    given = parse(kind.spec, {**options, "working-dir": default})
    for spec in (given, parse(kind.spec, encode(given)), complete(given)):
        assert code.start_dir(spec, rendering(kind)) == default
        assert not starts_here(spec)
    for spec in (parse(kind.spec, options), parse(kind.spec, {**options, "working-dir": ""})):
        assert code.start_dir(spec, rendering(kind)) == "/arena/code"
        assert starts_here(spec)
    assert code.start_dir(parse(kind.spec, {**options, "code": None}), rendering(kind)) == default


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"sync-mode": "git", "sync-source": "s"}, "--code and --sync-mode are mutually exclusive"),
        ({"data": ["claim:/arena/code"]}, 'two things would be mounted at "/arena/code"'),
        ({"code": ""}, "--code: it is empty"),
    ],
)
def test_refused(more, told):
    """Options that exclude --code are an error in one sentence."""
    with pytest.raises(SpecError) as caught:
        made(kinds.find("pytorch"), **more)
    assert told in caught.value.message


def test_image_of_a_role():
    """Where only roles have images, one of theirs unpacks."""
    job = made(kinds.find("tf"), image=None, **{"worker-image": "w", "ps-image": "p", "ps": 1})
    assert {one["spec"]["initContainers"][0]["image"] for one in templates(job)} == {"w"}


def test_spark_finds_the_program_in_the_code():
    """A relative --jar is a file of the code, from which executors import, too; the webhook is mentioned."""
    kind, packed = kinds.find("spark"), replace(PACKED, files=("jobs/etl.py", "lib.py"))
    job = made(kind, packed, jar="./jobs/etl.py", workers=3)
    assert job["spec"]["mainApplicationFile"] == "local:///arena/code/jobs/etl.py"
    for role in ("driver", "executor"):
        assert {"name": "PYTHONPATH", "value": "/arena/code"} in job["spec"][role]["env"]
    assert upload.instances(job) == 4
    own = made(kind, packed, jar="lib.py", env=["PYTHONPATH=/mine"])["spec"]["driver"]["env"]
    assert [one["value"] for one in own if one["name"] == "PYTHONPATH"] == ["/mine"]
    assert made(kind, packed, jar="/opt/app.jar")["spec"]["mainApplicationFile"] == "/opt/app.jar"
    told = remarks(parse(kind.spec, {"name": "x", "code": "."}))
    assert told[0] == "--code has no effect without --jar"
    assert told[1].startswith("--code needs the webhook of the Spark operator")


@pytest.mark.parametrize("jar", ["jobs/elt.py", "../jobs/etl.py", "."])
def test_spark_misses_the_program(jar):
    """A relative --jar that the code does not have is refused, with the nearest name."""
    with pytest.raises(SpecError) as caught:
        made(kinds.find("spark"), replace(PACKED, files=("jobs/etl.py",)), jar=jar)
    assert caught.value.message == f'--jar "{jar}" is not in the code of --code'


def test_code_of_a_trainjob():
    """Its nodes unpack the code themselves, on every release of Trainer; what is too large is refused."""
    kind = kinds.find("trainjob")
    for resource in kind.resources:
        spec = parse(kind.spec, {"name": "x", "command": "it", "code": "."})
        values = kind.values(spec, rendering(kind, resource=resource))
        assert values["command"][2:] == [BEGIN, "/arena/parts", "/arena/code", "sh", "-c", "it"]
        assert "'name': 'arena-code-parts', 'mountPath': '/arena/parts'" in str(values["patches"])
    with pytest.raises(SpecError, match="--code is too large to be stored in the cluster"):
        made(kind, SENT)


def test_parts():
    """A part is an immutable ConfigMap that no job's name appears in, so that jobs can share it."""
    kind = kinds.find("pytorch")
    one, _ = (
        manifests.render(manifests.find(each.template), each.values, "it")[0]
        for each in dependents.code_parts(rendering(kind))
    )
    assert (one["metadata"]["name"], one["immutable"], one["binaryData"]) == (
        "arena-code-a",
        True,
        {"part": "MQ=="},
    )
    assert "x" not in one["metadata"]["labels"].values()
    assert dependents.code_parts(rendering(kind, SENT)) == dependents.code_parts(rendering(kind, None)) == []


# ---- the shell lines, run as an image would


def tools(place: Path, *names: str) -> str:
    """A PATH with these programs only."""
    place.mkdir()
    for name in names:
        (place / name).symlink_to(sys.executable if name == "python3" else shutil.which(name))
    return str(place)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A folder with code packed in two parts, and an empty one to unpack in."""
    folder = tmp_path / "code"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "ünï ☃").write_text("hello")
    (folder / "run").write_text("#!/bin/sh\n")
    (folder / "run").chmod(0o755)
    packed = archive.pack(str(folder)).read()
    for name in ("parts", "to"):
        (tmp_path / name).mkdir(mode=0o777)
        (tmp_path / name).chmod(0o777)
    (tmp_path / "parts" / "000").write_bytes(packed[:100])
    (tmp_path / "parts" / "001").write_bytes(packed[100:])
    return tmp_path


def shell(line: str, box: Path, path: str, *more: str, **options) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/bin/sh", "-c", line, str(box / "parts"), *(more or [str(box / "to")])],
        env={"PATH": path}, capture_output=True, text=True, check=False, timeout=30, **options,
    )  # fmt: skip


def arrived(box: Path) -> bool:
    run = box / "to" / "run"
    return (box / "to" / "sub" / "ünï ☃").read_text() == "hello" and bool(run.stat().st_mode & stat.S_IXUSR)


@pytest.mark.parametrize("names", [("cat", "tar", "gzip"), ("cat", "python3")], ids=["tar", "python"])
def test_unpacks(box, names):
    """tar with gzip, or python3 where they are missing, unpacks the parts."""
    done = shell(UNPACK, box, tools(box / "bin", *names))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert arrived(box)


def test_begins(box):
    """A container without an init container unpacks, and its command starts in the code as it was typed."""
    path = f"{tools(box / 'bin', 'cat', 'tar', 'gzip', 'sh', 'ls')}"
    words = [str(box / "to"), "sh", "-c", 'ls; echo "$0" "$@"', "zero", "a b"]
    done = shell(BEGIN, box, path, *words)
    assert (done.returncode, done.stdout) == (0, "run\nsub\nzero a b\n"), done.stderr
    (box / "parts").rename(box / "others")
    done = shell(BEGIN, box, path, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "the runtime starts the command in a pod that --code does not reach\n"


def test_cannot_unpack(box):
    """An image with neither causes an error, and the pod does not start without its code."""
    done = shell(UNPACK, box, tools(box / "bin", "cat", "tar"))
    assert done.returncode == 1
    assert done.stderr == "the image has neither tar with gzip nor python3 to unpack the code with\n"


def test_damaged_parts(box):
    """Parts that are no archive end the pod, too."""
    (box / "parts" / "001").write_bytes(b"nonsense")
    assert shell(UNPACK, box, tools(box / "bin", "cat", "tar", "gzip")).returncode != 0


@pytest.mark.skipif(os.getuid() != 0, reason="NOT CHECKED: only root can become somebody else")
def test_any_user(box):
    """The user of the image owns the unpacked files."""
    passable(box)
    done = shell(UNPACK, box, os.environ["PATH"], user=65534, group=65534, extra_groups=[])
    assert done.returncode == 0, done.stderr
    assert (box / "to" / "run").stat().st_uid == 65534


def test_holds_until_it_is_sent(box):
    """The holding container waits for the whole code, unpacks it, and does so only once."""
    whole = b"".join((box / "parts" / name).read_bytes() for name in ("000", "001"))
    for name in ("000", "001"):
        (box / "parts" / name).unlink()
    path = os.environ["PATH"]
    take = ["/bin/sh", "-c", TAKE, str(box / "parts"), str(len(whole))]
    with subprocess.Popen(
        ["/bin/sh", "-c", HOLD, str(box / "parts"), str(box / "to")],
        stdout=subprocess.PIPE,
        env={"PATH": path},
    ) as holding:
        assert holding.stdout.readline() == b"waiting for the code, which arena sends\n"
        cut = subprocess.run(take, input=whole[:-1], env={"PATH": path}, check=False)
        assert cut.returncode != 0
        assert holding.poll() is None
        subprocess.run(take, input=whole, env={"PATH": path}, check=True)
        assert holding.wait(20) == 0
    assert arrived(box)
    (box / "to" / "run").write_text("changed by the program")
    assert shell(HOLD, box, path).returncode == 0
    assert (box / "to" / "run").read_text() == "changed by the program"


def test_gives_up(box):
    """Code that never comes fails the pod after a time, with what to do in its log."""
    line = HOLD.replace(str(code.PATIENCE), "0")
    done = shell(line, box, os.environ["PATH"])
    assert (done.returncode, done.stderr) == (1, "no code came: arena code JOB --send DIR\n")
