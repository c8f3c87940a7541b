"""Packing a folder: what goes in, the same bytes every time, and back again."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from users import passable

from arena.actions.submit.code import archive, files
from arena.errors import ArenaError, Conflict, SpecError


def put(folder: Path, **files: str) -> Path:
    """Write files below a folder, `/` spelled `__`, and `.` spelled `_dot_`."""
    for name, text in files.items():
        full = folder / name.replace("__", "/").replace("_dot_", ".")
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
    return folder


def git(folder: Path, *words: str) -> str:
    if not shutil.which("git"):
        pytest.skip("NOT CHECKED: there is no git to ask about the code")
    env = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    who = ("-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *who, "-C", str(folder), *words], check=True, capture_output=True, text=True, env=env
    )
    return done.stdout.strip()


def paths(folder: Path) -> list[str]:
    return [one.path for one in archive.pack(str(folder)).files]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "code"
    made.mkdir()
    return made


def test_git_decides(folder):
    """Tracked files and new ones go in, also changed ones; ignored and deleted ones and .git do not."""
    put(
        folder,
        a_dot_py="1",
        b_dot_py="1",
        gone_dot_py="1",
        forced_dot_log="1",
        _dot_gitignore="*.log\nbuild/\n",
    )
    git(folder, "init")
    git(folder, "add", "-f", ".")
    git(folder, "commit", "-qm", "x")
    put(folder, b_dot_py="2", new_dot_py="1", other_dot_log="1", build__x="1", new_dot_pyc="1")
    (folder / "gone.py").unlink()
    git(folder, "remote", "add", "origin", "https://me:hush@example.com/code.git?token=hush")
    found = archive.pack(str(folder))
    assert [one.path for one in found.files] == [".gitignore", "a.py", "b.py", "forced.log", "new.py"]
    assert dict(found.origin) == {
        "commit": git(folder, "rev-parse", "HEAD"),
        "branch": "main",
        "remote": "https://example.com/code.git",
        "changed": "4",
    }
    assert f"commit {found.origin['commit'][:10]} and 4 changed" in found.summary


def test_part_of_a_repository(folder):
    """A folder inside of a repository is packed without the rest, repositories in it with their own rules."""
    put(folder, outside="1", part__in="1", part__deep__x="1", part__sub__a="1", part__sub__b="1")
    put(folder, part__sub___dot_gitignore="b")
    git(folder, "init")
    git(folder / "part" / "sub", "init")
    assert paths(folder / "part") == ["deep/x", "in", "sub/.gitignore", "sub/a"]


def test_a_folder_that_git_leaves_out(folder):
    """A folder that the repository around it ignores is packed as one that no Git knows."""
    put(folder, _dot_gitignore="build/\n", build__x="1")
    git(folder, "init")
    assert paths(folder / "build") == ["x"]


def test_without_git(folder):
    """Without Git everything goes in but what .gitignore files name and what only this machine can use."""
    put(folder, a="1", a_dot_tmp="1", sub__a_dot_tmp="1", sub__b="1", deep__sub__c="1", _dot_venv__x="1")
    put(folder / "__pycache__", x="1")
    put(folder, sub___dot_gitignore="*.tmp", _dot_gitignore="/deep/sub/\n")
    assert paths(folder) == [".gitignore", "a", "a.tmp", "sub/.gitignore", "sub/b"]


@pytest.mark.parametrize("known", [True, False])
def test_arenaignore(folder, known):
    """What .arenaignore files name stays out, tracked or not."""
    put(folder, train="1", data__big="1", sub__x_dot_ckpt="1", sub__keep_dot_ckpt="1", sub__data__y="1")
    put(folder, _dot_arenaignore="/data\n*.ckpt\n", sub___dot_arenaignore="!keep.ckpt\n")
    if known:
        git(folder, "init")
        git(folder, "add", ".")
    wanted = [".arenaignore", "sub/.arenaignore", "sub/data/y", "sub/keep.ckpt", "train"]
    assert paths(folder) == wanted


def test_the_same_bytes(folder, tmp_path):
    """The same files give the same archive and digest, wherever and whenever they were made."""
    first = archive.pack(str(put(folder, a="1", sub__b="2")))
    other = put(tmp_path / "other", sub__b="2", a="1")
    os.utime(other / "a", (time.time() - 10**6,) * 2)
    second = archive.pack(str(other))
    assert (first.digest, first.read()) == (second.digest, second.read())
    (other / "a").chmod(0o755)
    assert archive.pack(str(other)).digest != first.digest


def test_there_and_back(folder, tmp_path):
    """Names with blanks, line ends and any bytes, modes, links and empty files come back as they were."""
    names = [
        "a b",
        "new\nline",
        "ünï☃",
        os.fsdecode(b"\xff\xfe"),
        "x" * 200,
        "d/" + "y" * 150 + "/z",
        "-rf",
        "ü" * 90,
    ]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8", errors="surrogateescape")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o750)
    (folder / "empty").touch(0o600)
    (folder / "link").symlink_to("d/" + "y" * 150)
    (folder / "d" / "up").symlink_to("../run.sh")
    (folder / "absolute").symlink_to(folder / "a b")
    (folder / "dangling").symlink_to("nowhere")
    packed = archive.pack(str(folder))
    again = archive.opened(packed.read(), packed.digest, packed.origin)
    assert again.files == packed.files
    back = tmp_path / "back"
    archive.unpack(again, str(back))
    assert archive.pack(str(back)).digest == packed.digest
    assert (back / "run.sh").stat().st_mode & 0o777 == 0o750
    assert (back / "absolute").readlink() == Path("a b")
    assert (back / "link" / "z").exists()
    assert not packed.remarks


def test_tar_of_the_machine(folder, tmp_path):
    """The tar of this machine, which is what an instance has, unpacks every name and mode."""
    for name in ("a b", "ünï☃", "x" * 200, "d/" + "ü" * 90 + "/z", "new\nline"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    packed = archive.pack(str(folder))
    (tmp_path / "t.tgz").write_bytes(packed.read())
    back = tmp_path / "back"
    back.mkdir()
    subprocess.run(["tar", "-xzof", str(tmp_path / "t.tgz"), "-C", str(back)], check=True)
    assert archive.pack(str(back)).digest == packed.digest


def test_what_is_left_out_is_said(folder, tmp_path, monkeypatch):
    """Links that lead out of the folder, and what is not a file, are omitted with a remark."""
    put(tmp_path, secret="hush")
    put(folder, a="1")
    (folder / "out").symlink_to("../secret")
    (folder / "absolute").symlink_to("/etc/passwd")
    (folder / "sub").mkdir()
    (folder / "sub" / "away").symlink_to("../..")
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("sock")
        found = archive.pack(str(folder))
    assert [one.path for one in found.files] == ["a"]
    assert found.remarks == [
        "--code omits links that lead out of the folder: absolute, out, sub/away",
        "--code omits what is not a file: pipe, sock",
    ]


def test_secrets_are_remarked(folder):
    """What looks like a secret is packed, and named; samples, certificates and public keys are not."""
    put(
        folder,
        _dot_env="1",
        deploy__id_rsa="1",
        server_dot_pem="-----BEGIN PRIVATE KEY-----",
        ca_dot_pem="-----BEGIN CERTIFICATE-----",
        _dot_env_dot_example="1",
        id_rsa_dot_pub="1",
    )
    (remark,) = archive.pack(str(folder)).remarks
    assert "secrets: .env, deploy/id_rsa, server.pem; " in remark


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: folder / "missing", "No such file or directory"),
        (lambda folder: put(folder, a="1") / "a", "Not a directory"),
        (lambda folder: folder, "has no files"),
        (lambda folder: put(folder, _dot_arenaignore="*", a="1"), "has no files"),
    ],
)
def test_a_folder_that_cannot_be_packed(folder, make, told):
    """A folder that is missing, empty or not a folder is an error that names --code and the folder."""
    chosen = make(folder)
    with pytest.raises(SpecError) as caught:
        archive.pack(str(chosen))
    assert caught.value.message.startswith(f'--code: "{chosen}"')
    assert told in caught.value.message
    assert caught.value.hint


def test_far_too_much(folder):
    """More than 1 GB is refused before a byte is read, and what holds the most is named."""
    put(folder, train="1", data__a="1", data__b="1")
    for name in ("data/a", "data/b"):
        os.truncate(folder / name, 600_000_000)
    with pytest.raises(SpecError) as caught:
        archive.pack(str(folder))
    assert "holds 1.2 GB, most in data/ (1.2 GB), train (1 byte)" in caught.value.message
    assert ".arenaignore" in caught.value.hint


UNREADABLE = """
import os, sys
from arena.actions.submit.code import archive
from arena.errors import SpecError
if os.getuid() == 0:
    os.setuid(65534)
try:
    archive.pack(sys.argv[1])
except SpecError as error:
    print(error.message)
"""


@pytest.mark.parametrize(("name", "mode"), [("a", 0o000), ("sub", 0o000)])
def test_unreadable(folder, name, mode):
    """A file or folder that may not be read is one sentence with its name."""
    put(folder, a="1", sub__b="1")
    passable(folder.parent)
    (folder / name).chmod(mode)
    done = subprocess.run(
        [sys.executable, "-c", UNREADABLE, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.stdout == f'--code: "{folder / name}" cannot be read: Permission denied\n', done.stderr


def test_a_folder_with_files_is_not_written(folder, tmp_path):
    """Restoring refuses a folder that has files, unless it may replace them; others stay."""
    packed = archive.pack(str(put(folder, a="new")))
    there = put(tmp_path / "there", a="old", b="mine")
    with pytest.raises(Conflict, match="is not empty"):
        archive.unpack(packed, str(there))
    archive.unpack(packed, str(there), over=True)
    assert ((there / "a").read_text(), (there / "b").read_text()) == ("new", "mine")


def test_nothing_is_written_outside(folder, tmp_path):
    """A link in the way, or in the archive, cannot lead the restored files out of their folder."""
    packed = archive.pack(str(put(folder, sub__a="new")))
    there = tmp_path / "there"
    there.mkdir()
    (there / "sub").symlink_to(tmp_path)
    with pytest.raises(ArenaError, match="leads out of the folder"):
        archive.unpack(packed, str(there), over=True)
    assert not (tmp_path / "a").exists()


def test_damage_is_found(folder):
    """Code that is not what the digest says, or no archive at all, is refused."""
    packed = archive.pack(str(put(folder, a="1")))
    with pytest.raises(ArenaError, match="not the code that"):
        archive.opened(packed.read(), "sha256:0", {})
    with pytest.raises(ArenaError, match="damaged"):
        archive.opened(packed.read()[:-20], packed.digest, {})
    with pytest.raises(ArenaError, match="damaged"):
        archive.opened(b"nonsense", packed.digest, {})
    spoilt = bytearray(packed.read())
    spoilt[12:40] = b"\xff" * 28
    with pytest.raises(ArenaError, match="damaged"):
        archive.opened(bytes(spoilt), packed.digest, {})


def test_thousands_of_files(folder):
    """Thousands of small files are packed in order, in a moment."""
    for number in range(5000):
        (folder / f"{number % 50}").mkdir(exist_ok=True)
        (folder / f"{number % 50}" / f"{number}").write_text("x")
    began = time.monotonic()
    found = archive.pack(str(folder))
    assert len(found.files) == 5000
    assert time.monotonic() - began < 20
    assert [one.path for one in found.files] == sorted(one.path for one in found.files)


def test_sizes_for_people():
    """Sizes are short."""
    assert [files.human(one) for one in (0, 999, 1500, 212_400, 9_960_000, 3 * 10**9)] == [
        "0 bytes", "999 bytes", "1.5 KB", "212 KB", "10.0 MB", "3.0 GB",
    ]  # fmt: skip
