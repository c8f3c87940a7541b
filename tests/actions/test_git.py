"""A repository of a stranger's: none of its programs runs, and no file outside of it is taken, on --code."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from product import quoted

from arena.actions.submit.code.files import listing

PROGRAM = """#!/bin/sh
echo "$0 $*" >> {mark}
cat
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    if not shutil.which("git"):
        pytest.skip("NOT CHECKED: there is no git to ask about the code")
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    made = tmp_path / "stranger"
    repository(made)
    return made


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always")
    return subprocess.run(
        ["git", *who, "-C", str(folder), *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def repository(made: Path) -> None:
    made.mkdir()
    git(made, "init", "-q")
    (made / "train.py").write_text("pass\n")
    (made / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    git(made, "add", ".")
    git(made, "commit", "-qm", "x")


def arm(made: Path, tmp_path: Path, mark: Path) -> None:
    """Name a program wherever Git's settings may name one, and let files seem changed."""
    program = tmp_path / "program"
    program.write_text(PROGRAM.format(mark=quoted(mark)))
    program.chmod(0o755)
    hooks = Path(git(made, "rev-parse", "--git-dir"))
    hooks = (hooks if hooks.is_absolute() else made / hooks) / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction", "post-checkout"):
        shutil.copy(program, hooks / hook)
    keys = (
        "core.fsmonitor core.sshCommand core.pager core.editor core.askPass core.gitProxy diff.external "
        "core.alternateRefsCommand credential.helper pager.status gpg.program remote.origin.uploadpack "
        "filter.evil.clean filter.evil.process filter.evil.smudge filter.other.clean diff.evil.textconv "
        "diff.evil.command"
    )
    for key in keys.split():
        git(made, "config", key, quoted(program))
    git(made, "config", "filter.evil.required", "true")
    git(made, "config", "status.submoduleSummary", "true")
    os.utime(made / "train.py", (1, 1))
    mark.unlink(missing_ok=True)


def test_no_program_of_the_repository_runs(folder, tmp_path):
    """Neither a watcher nor a filter, hook, pager or helper that .git/config names is started."""
    mark = tmp_path / "ran"
    arm(folder, tmp_path, mark)
    git(folder, "-c", "core.fsmonitor=false", "ls-files")
    found = listing(str(folder))
    assert not mark.exists(), mark.read_text()
    assert [one.path for one in found.files] == [".gitattributes", "train.py"]
    subprocess.run(["git", "-C", str(folder), "status"], check=False, capture_output=True)
    assert mark.exists(), "the trap does not work, so that this test proves nothing"


def test_no_program_of_a_repository_inside_runs(folder, tmp_path):
    """The settings of a submodule are not trusted either; changes of its files are still reported."""
    inner, mark = tmp_path / "inner", tmp_path / "ran"
    repository(inner)
    git(folder, "submodule", "add", "-q", str(inner), "sub")
    git(folder, "commit", "-qm", "sub")
    assert listing(str(folder)).origin.get("changed") is None
    arm(folder / "sub", tmp_path, mark)
    (folder / "sub" / "train.py").write_text("changed\n")
    found = listing(str(folder))
    assert not mark.exists(), mark.read_text()
    assert "sub/train.py" in [one.path for one in found.files]
    assert found.origin["changed"] == "1"


def test_nothing_is_fetched(folder, tmp_path):
    """A repository that lacks objects does not make Git fetch them from where it says."""
    mark = tmp_path / "ran"
    arm(folder, tmp_path, mark)
    tree = git(folder, "rev-parse", "HEAD^{tree}")
    (folder / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    for key, value in {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": "ssh://example.invalid/x",
        "remote.origin.promisor": "true",
        "core.fsmonitor": "false",
    }.items():
        git(folder, "config", key, value)
    listing(str(folder))
    assert not mark.exists(), mark.read_text()
    subprocess.run(["git", "-C", str(folder), "status"], check=False, capture_output=True)
    assert "program" in mark.read_text(), "the trap does not work, so that this test proves nothing"


def test_a_filter_with_an_odd_name(folder, tmp_path):
    """A name that a command line would cut in two does not bring its program past."""
    mark = tmp_path / "ran"
    arm(folder, tmp_path, mark)
    (folder / ".gitattributes").write_text("*.py filter=a=b\n")
    git(folder, "config", "filter.a=b.clean", quoted(tmp_path / "program"))
    listing(str(folder))
    assert not mark.exists(), mark.read_text()


def test_what_lies_behind_a_link_is_not_taken(folder, tmp_path):
    """A tracked file in a folder that is now a link to one outside is not packed."""
    (folder / "keys").mkdir()
    (folder / "keys" / "id").write_text("theirs")
    git(folder, "add", ".")
    shutil.rmtree(folder / "keys")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "id").write_text("ours")
    (folder / "keys").symlink_to(tmp_path / "own")
    found = listing(str(folder))
    assert "keys/id" not in [one.path for one in found.files]
    assert "keys/id" in found.links


def test_an_index_that_leads_out_is_not_followed(folder, tmp_path):
    """An index that was written by hand, with `..` in it, takes nothing along."""
    (tmp_path / "id").write_text("ours")
    (folder / "zz").mkdir()
    (folder / "zz" / "id").write_text("theirs")
    git(folder, "add", ".")
    index = folder / ".git" / "index"
    forged = index.read_bytes()[:-20].replace(b"zz/id", b"../id")
    index.write_bytes(forged + hashlib.sha1(forged).digest())
    assert "../id" in git(folder, "ls-files").splitlines()
    found = listing(str(folder))
    assert "../id" not in [one.path for one in found.files]


def test_a_list_without_end(folder):
    """An ignore file that is a pipe or a device is skipped without waiting."""
    os.mkfifo(folder / ".arenaignore")
    assert listing(str(folder)).files
    (folder / ".arenaignore").unlink()
    (folder / ".arenaignore").symlink_to("/dev/zero")
    assert listing(str(folder)).files
