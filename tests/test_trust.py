"""Whose settings count: none that others could have written, and a project's only as far as is safe."""

import grp
import json
import os
import pty
import pwd
from contextlib import suppress
from pathlib import Path

import pytest
from product import Product, product
from users import STRANGER, VICTIM, arena, as_user, home_of, shared_folder

from arena import config, kinds, ownership
from arena.actions.submit import request, settle
from arena.kinds.spec import options
from arena.kinds.training.specs.job import JobSpec
from arena.origin import Choice
from arena.session import start
from arena.settings import KEYS

EVIL = """namespace: team-a
kubeconfig: ./evil
defaults: {pytorchjob: {shell: bash, workers: 3, env: {BASH_ENV: /x}}}
"""


@pytest.fixture
def user(tmp_path):
    with product(tmp_path) as made:
        yield made


def dry(one: Product, *words: str, **env: str):
    return one.run("submit", "pytorchjob", "--name", "a", "--image", "i", *words, "true", "--dry-run", **env)


def on_terminal(one: Product, answer: str, *words: str) -> tuple[int, str]:
    """The exit code of a command, and what a terminal shows where its question is answered so."""
    master, slave = pty.openpty()
    child = one.start(*words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    seen = b""
    with suppress(OSError):  # the terminal's other end is closed
        while more := os.read(master, 4096):
            seen += more
            if answer and seen.rstrip().endswith(b"]:"):
                os.write(master, f"{answer}\n".encode())
                answer = ""
    os.close(master)
    return child.wait(30), seen.decode()


def test_what_can_run_code_waits_for_trust(user):
    """A project file describes jobs at once; the rest is ignored, told in one line, until it is trusted."""
    (user.home / ".arena.yaml").write_text(EVIL)
    before = dry(user)
    assert "BASH_ENV" not in before.out
    assert "bash" not in before.out
    assert "namespace: team-a" in before.out
    assert "replicas: 2" in before.out
    assert before.err == (
        f"Warning: ignored in {user.home}/.arena.yaml because it is not trusted: defaults.pytorchjob.env, "
        "defaults.pytorchjob.shell, kubeconfig; to review and trust it, run: arena config trust\n"
    )
    said = user.run("config", "trust", typed="y\n")
    assert (said.code, said.err.count("no terminal to ask on")) == (2, 1)
    code, seen = on_terminal(user, "n", "config", "trust")
    assert code == 1
    assert "BASH_ENV: /x" in seen
    assert "defaults.pytorchjob.shell" in seen
    assert "nothing was changed" in seen
    assert dry(user) == before
    assert on_terminal(user, "y", "config", "trust")[0] == 0
    after = dry(user)
    assert (after.code, after.err) == (0, "")
    assert "BASH_ENV" in after.out
    assert "- bash" in after.out


def test_trust_ends_with_a_change_or_a_word(user):
    """Only this very content at this very place is trusted; --revoke takes that back, --list tells."""
    file = user.home / ".arena.yaml"
    file.write_text(EVIL)
    user.must("config", "trust", "--yes")
    assert user.must("config", "trust", "--list") == f"{file}\n"
    record = next((user.home / ".local/state/arena/trusted").iterdir())
    assert (record.stat().st_mode & 0o777, record.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    file.write_text(EVIL + "# a change\n")
    assert "not trusted" in dry(user).err
    assert user.must("config", "trust", "--list") == f"{file} (its current content is not trusted)\n"
    (user.home / "below").mkdir()
    (user.home / "below/.arena.yaml").write_text(EVIL)
    below = Product(user.home / "below")
    below.env |= {"HOME": str(user.home)}
    assert "not trusted" in dry(below).err
    file.write_text(EVIL)
    assert dry(user).err == ""
    user.must("config", "trust", "--revoke")
    assert "not trusted" in dry(user).err
    assert user.run("config", "trust", "--list").err == "no project files are trusted\n"


def test_the_umask_does_not_open_what_is_trusted(user):
    """Records are the user's alone under a umask of 000, and one that others may write is none."""
    (user.home / ".arena.yaml").write_text(EVIL)
    before = os.umask(0)
    try:
        user.must("config", "trust", "--yes")
    finally:
        os.umask(before)
    folder = user.home / ".local/state/arena/trusted"
    made = [folder, *folder.iterdir(), folder.parent, folder.parents[1], folder.parents[2]]
    assert [one.stat().st_mode & 0o077 for one in made] == [0] * 5
    assert dry(user).err == ""
    folder.chmod(0o777)
    assert "not trusted" in dry(user).err


def test_view_tells_what_is_ignored_and_why(user):
    """`config view --origin` has a line for each value that is ignored; a secret is masked there, too."""
    (user.home / ".arena.yaml").write_text("context: evil\ndefaults: {tfjob: {secret: {TOKEN: hidden}}}\n")
    said = user.run("config", "view", "--origin")
    lines = [line.split(maxsplit=2) for line in said.out.splitlines()]
    why = f"ignored in {user.home}/.arena.yaml: it is not trusted"
    assert ["context", "evil", why] in lines
    assert "hidden" not in said.out + said.err
    found = json.loads(user.must("config", "view", "--origin", "-o", "json"))
    assert found["context"] == {
        "value": None,
        "origin": None,
        "ignored": {"value": "evil", "origin": f"{user.home}/.arena.yaml", "why": "it is not trusted"},
    }
    assert "ignored" not in user.must("config", "view")


def test_a_stronger_word_needs_no_warning(user):
    """What a flag or variable decides anyway is not missed, and other commands do not speak of defaults."""
    (user.home / ".arena.yaml").write_text("context: evil\ndefaults: {pytorchjob: {shell: bash}}\n")
    assert "context" in dry(user, "--shell", "sh").err
    assert "shell" not in dry(user, "--shell", "sh").err
    assert dry(user, "--shell", "sh", ARENA_CONTEXT="local").err == ""
    assert "shell" not in user.run("config", "view").err


def test_completion_is_silent(user):
    """TAB says nothing of what is ignored."""
    (user.home / ".arena.yaml").write_text("context: evil\n")
    said = user.run(_ARENA_COMPLETE="bash_complete", COMP_WORDS="arena get ", COMP_CWORD="2")
    assert said.err == ""


def test_the_terminal_is_not_steered_by_what_is_shown(user):
    """What asks for trust is shown with its control characters visible."""
    (user.home / ".arena.yaml").write_text("context: evil\n# hidden \u202e\n")
    said = user.run("config", "trust", typed="n\n")
    assert "\u202e" not in said.out + said.err
    assert "\\u202e" in said.out


@pytest.mark.parametrize(("change", "why"), [
    (lambda file: file.chmod(0o666), "others may write it"),
    (lambda file: file.parent.chmod(0o777), "others may write {folder}"),
    (lambda file: file.parent.chmod(0o1777), "others may write {folder}"),
    (lambda file: file.parent.parent.chmod(0o777), "others may write {above}"),
])  # fmt: skip
def test_what_others_may_write_is_ignored_whole(tmp_path, change, why):
    """A file that others may write, or put there, or whose folder they may replace, is not even read."""
    folder = tmp_path / "above" / "folder"
    folder.mkdir(parents=True)
    file = folder / ".arena.yaml"
    file.write_text("namespace: [not even read")
    change(file)
    layer = config.project(folder, {})
    assert (layer.values, layer.ignored.values) == ({}, {})
    assert layer.ignored.why == why.format(folder=folder, above=folder.parent)


def test_a_group_of_the_users_own_may_write(tmp_path):
    """Under a umask of 002 files are written by the user's own group, which has nobody else in it."""
    file = tmp_path / ".arena.yaml"
    file.write_text("queue: gold\n")
    file.chmod(0o664)
    me = pwd.getpwuid(os.geteuid())
    os.chown(file, -1, me.pw_gid)
    own = grp.getgrgid(me.pw_gid).gr_name == me.pw_name
    assert ownership.weakness(file) == ("" if own else "others may write it")
    if os.geteuid():
        pytest.skip("only root can give a file to another group")
    os.chown(file, -1, STRANGER)
    assert ownership.weakness(file) == "others may write it"
    file.chmod(0o644)
    assert ownership.weakness(file) == ""


def test_a_file_that_is_ignored_whole_is_told_of(user):
    """Each command says so in a line with the next step, and `config view --origin` has a row for it."""
    (user.home / ".arena.yaml").write_text("queue: gold\n")
    (user.home / ".arena.yaml").chmod(0o666)
    said = user.run("config", "view", "--origin")
    assert (
        f"Warning: {user.home}/.arena.yaml is ignored: others may write it; make it writable only by you"
        in said.err
    )
    row = [".arena.yaml", *f"ignored in {user.home}/.arena.yaml: others may write it".split()]
    assert row in [line.split() for line in said.out.splitlines()]
    found = json.loads(user.must("config", "view", "--origin", "-o", "json"))
    assert found[".arena.yaml"]["ignored"]["why"] == "others may write it"


def test_the_library_warns_by_its_logger(tmp_path, caplog):
    """In Python what is ignored is a warning of the logger `arena`, once."""
    (tmp_path / ".arena.yaml").write_text("defaults: {job: {shell: bash, env: {A: b}, workers: 3}}\n")
    session = start(Choice(context="local"), {"HOME": str(tmp_path)}, tmp_path)
    for _ in range(2):
        asked = request.request_for(JobSpec(name="x", command="c"))
        spec = settle.settle(session, asked, ask=False).spec
        assert (spec.workers, spec.shell, spec.env) == (3, "sh", {})
    assert [(one.name, one.levelname) for one in caplog.records] == [("arena", "WARNING")]
    assert "defaults.job.env, defaults.job.shell" in caplog.text


def test_a_sticky_folder_above_is_fine(tmp_path):
    """In a folder like /tmp nobody can replace a folder of ours, so that a project there may be used."""
    (tmp_path / "like-tmp/project").mkdir(parents=True)
    (tmp_path / "like-tmp").chmod(0o1777)
    (tmp_path / "like-tmp/project/.arena.yaml").write_text("queue: gold\n")
    assert config.project(tmp_path / "like-tmp/project", {}).values == {"queue": "gold"}


def test_links_count_as_what_they_pass(tmp_path):
    """A link is followed if only the user could have made each step of the way."""
    own, others = tmp_path / "own", tmp_path / "others"
    own.mkdir()
    others.mkdir()
    (own / "real.yaml").write_text("queue: gold\n")
    (own / ".arena.yaml").symlink_to("real.yaml")
    assert ownership.weakness(own / ".arena.yaml") == ""
    (others / "step").symlink_to(own / "real.yaml")
    others.chmod(0o1777)
    (own / ".arena.yaml").unlink()
    (own / ".arena.yaml").symlink_to("../others/../others/step")
    assert ownership.weakness(own / ".arena.yaml") == f"others may write {others}"


def test_your_own_files_must_be_yours_alone(user):
    """Settings of the user's own that others may write are an error, with the way out of it."""
    file = user.home / ".config/arena/config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("namespace: team-a\n")
    file.chmod(0o666)
    said = user.run("config", "view")
    assert said.code == 2
    assert f"{file} is not safe to use: others may write it" in said.err
    assert "chmod go-w" in said.err
    file.chmod(0o600)
    old = user.home / "old"
    old.write_text("namespace = legacy\n")
    old.chmod(0o622)
    assert f"{old} is not safe to use" in user.run("config", "view", ARENA_CONFIG=str(old)).err


def test_a_stranger_in_a_shared_folder_runs_nothing():
    """Another user's .arena.yaml above is neither obeyed nor read; the user's own project there is."""
    with shared_folder() as place:
        home = home_of(VICTIM, place)
        made = as_user(
            STRANGER, "sh", "-c", f"printf '{EVIL}' > .arena.yaml && chmod 0600 .arena.yaml", cwd=place
        )
        assert made.returncode == 0
        project = home / "project"
        assert as_user(VICTIM, "mkdir", str(project), cwd=home).returncode == 0
        for cwd in (place, project):
            said = arena(
                VICTIM,
                "submit",
                "pytorch",
                "--name",
                "a",
                "--image",
                "i",
                "true",
                "--dry-run",
                cwd=cwd,
                home=home,
            )
            assert said.returncode == 0, said.stderr
            assert "BASH_ENV" not in said.stdout
            assert "team-a" not in said.stdout
            assert f"{place}/.arena.yaml is ignored: others may write {place}" in said.stderr or (
                f"{place}/.arena.yaml is ignored: it belongs to the user {STRANGER}" in said.stderr
            )
        refused = arena(VICTIM, "config", "trust", "-y", str(place / ".arena.yaml"), cwd=home, home=home)
        assert refused.returncode == 2
        assert "not safe to use" in refused.stderr
        (project / ".arena.yaml").write_text("queue: gold\n")
        os.chown(project / ".arena.yaml", VICTIM, VICTIM)
        view = arena(VICTIM, "config", "view", cwd=project, home=home)
        assert "gold" in view.stdout
        assert view.returncode == 0


def test_a_strangers_file_of_ones_own_folder_is_ignored():
    """A file that belongs to somebody else does not count wherever it lies; what is root's does."""
    with shared_folder() as place:
        home = home_of(VICTIM, place)
        file = home / ".arena.yaml"
        file.write_text("queue: gold\n")
        assert "gold" in arena(VICTIM, "config", "view", cwd=home, home=home).stdout
        os.chown(file, STRANGER, STRANGER)
        said = arena(VICTIM, "config", "view", cwd=home, home=home)
        assert "gold" not in said.stdout
        assert f"it belongs to the user {STRANGER}" in said.stderr


SAFE = Path(__file__).with_name("cases") / "safe-options.txt"


def test_which_options_a_stranger_may_set():
    """The whole list stands in a file, so that a review sees what is added; nothing else is safe."""
    found = [f"{key}\n" for key, one in KEYS.items() if one.safe]
    for kind in kinds.all_kinds():
        names = [one.name for one in options(kind.spec) if one.safe]
        found.append(f"{kind.name}: {' '.join(names)}\n")
    if os.environ.get("ARENA_REGENERATE"):
        SAFE.write_text("".join(found))
    assert SAFE.read_text() == "".join(found)
    for kind in kinds.all_kinds():
        for word in ("env", "shell", "command", "code", "config_file", "working_dir", "secret", "host_pid"):
            assert not kinds.is_safe(kind.name, word)
    assert not kinds.is_safe("pytorchjob", "no-such")
    assert not kinds.is_safe("no-such", "workers")
