"""Jobs whose code is fetched before they start, on the local cluster."""

import shutil
import subprocess

import pytest
from product import Product

pytestmark = pytest.mark.skipif(
    not shutil.which("git"), reason="NOT CHECKED: there is no git to fetch code with"
)


def test_code_from_git(arena: Product):
    """Code that --sync-mode git fetches is in code/ of the directory where the command starts."""
    code = arena.home / "code"
    code.mkdir()
    (code / "part.py").write_text("WORD = 'old'\n")
    for words in (("init", "-q"), ("add", "part.py"), ("commit", "-qm", "one")):
        who = ("-c", "user.name=me", "-c", "user.email=me@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *words], cwd=code, check=True)
    (code / "part.py").write_text("WORD = 'not committed'\n")
    given = ("--sync-mode", "git", "--sync-source", f"file://{code}")
    for name, more in (("j", ()), ("k", ("--working-dir", "/nowhere"))):
        arena.must("submit", "job", "--name", name, "--wait", *given, *more, "cat code/code/part.py")
        assert "WORD = 'old'" in arena.must("logs", name, "--no-prefix")


def test_why_code_was_not_fetched(arena: Product):
    """Where fetching failed the logs of the job, also as they are followed, show what git said."""
    given = ("--name", "j", "--sync-mode", "git", "--sync-source", f"file://{arena.home}/nowhere.git")
    ended = arena.run("submit", "job", *given, "--logs", "cat code/code/part.py")
    assert (ended.code, "nowhere.git" in ended.out) == (7, True)
    assert "nowhere.git" in arena.must("logs", "j")
