"""The documentation is true: its commands run, its links lead somewhere, its generated parts are fresh.

ARENA_REGENERATE=1 writes docs/help.md anew; `make completions` writes the completions.
"""

import ast
import contextlib
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from pages import PAGES, ROOT, Step, blocks, commands, lines, masked, steps, write_files
from product import Product, product

from arena import config, errors, kinds
from arena.cli import root, run

HELP = ROOT / "docs" / "help.md"
GO = (ROOT / "tests" / "cases" / "go-arena.txt").read_text("utf-8").splitlines()
GO_LINES = [line for line in GO if line.startswith("arena ")]
GO_JOBS = [line for line in GO_LINES if re.search(r" submit | cron \w*job ", line)]
SENT = re.compile(
    "cron .*--schedule|serve (?!update |.*--from-job)[a-z]+ .*--name|sweep submit [a-z]+ .*--param"
)
"""Further commands that submit something."""
GO_KINDS = """tfjob tf mpijob mpi mj pytorchjob pytorch horovodjob horovod hj
etjob et deepspeedjob dp rayjob rj sparkjob spark volcanojob vj""".split()
"""The kinds of the Go arena, in each of its spellings."""
RUN = [page for page in PAGES if blocks(page, "console")]
PYTHON = [page for page in PAGES if any(not block.file for block in blocks(page, "python"))]


LOOKS = re.compile(r"arena (cron |serve |sweep )?(list|get|logs|top)\b")
"""Commands that may be asked again until what they look at has happened."""
PATIENCE = 60.0


def title(page: Path) -> str:
    return page.stem


# ---- commands that are run


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing in its home."""
    with product(tmp_path) as made:
        yield made


@pytest.mark.parametrize("page", RUN, ids=title)
def test_consoles_run(page: Path, arena: Product) -> None:
    """Every console line of a page works on a local cluster, and prints the lines that the page shows."""
    write_files(page, arena.home)
    for step in steps(page):
        deadline = time.monotonic() + (PATIENCE if LOOKS.match(step.command) else 0)
        while (fault := wrong(step, arena)) and time.monotonic() < deadline:
            pass
        assert not fault, fault


def wrong(step: Step, arena: Product) -> str:
    """Run a step; what is not as the page shows it, or ""."""
    done = subprocess.run(
        ["sh", "-c", step.command], env=arena.env, cwd=arena.home, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
    )  # fmt: skip
    printed = {masked(line) for line in done.stdout.splitlines()}
    missing = [line for line in step.shown if masked(line) not in printed]
    told = f"{step.command}\nended with {done.returncode} and printed:\n{done.stdout}"
    if missing:
        return f"{told}\nbut not:\n" + "\n".join(missing)
    return told if done.returncode else ""


@pytest.mark.parametrize("page", PYTHON, ids=title)
def test_python_runs(page: Path, arena: Product) -> None:
    """The Python of a page runs from its top to its end on a local cluster."""
    write_files(page, arena.home)
    program = "\n".join(block.text for block in blocks(page, "python") if not block.file)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=arena.env, cwd=arena.home,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# ---- commands that are read


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A function that has arena read a command line; what a submit would send, else nothing."""
    for name in list(os.environ):
        if name.startswith("ARENA_") or name == "KUBECONFIG":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ARENA_LOCAL_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text("[[1]]\n", "utf-8")

    def read_one(words: list[str]) -> str:
        with contextlib.ExitStack() as stack:
            secret = stack.enter_context(pytest.MonkeyPatch.context())
            secret.setenv("WANDB_API_KEY", "x")
            if (words[0] == "submit" and len(words) > 2) or SENT.match(shlex.join(words)):
                at = 3 if words[0] == "sweep" else 2
                rest = [word for word in words[at:] if not word.startswith("--dry-run")]
                words = [*words[:at], "--dry-run", *rest]
            else:
                # Parsed as always, but what a command does is left out.
                patch = stack.enter_context(pytest.MonkeyPatch.context())
                patch.setattr(click.Command, "invoke", lambda command, ctx: None)
            code = run(words)
        out, err = capsys.readouterr()
        assert code == 0, f"arena {shlex.join(words)}\n{err}"
        return str(out)

    return read_one


@pytest.mark.parametrize("page", [page for page in PAGES if lines(page)], ids=title)
def test_lines_are_read(page: Path, read, tmp_path: Path) -> None:
    """Arena understands every line of a page that is not run: jobs are rendered, the rest is parsed."""
    write_files(page, tmp_path)
    for words in lines(page):
        read(words)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("line", GO_JOBS)
def test_the_go_arenas_jobs(line: str, read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the Go arena's users type gives a job of that name and kind, and asks no cluster for it."""
    cluster = {"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}
    context = {"name": "c", "context": {"cluster": "c", "user": ""}}
    kubeconfig = {"current-context": "c", "clusters": [cluster], "contexts": [context]}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    (tmp_path / "train.conf").write_text("rate = 0.1\n")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    [words] = commands(line)
    verb = next(verb for verb in ("submit", "cron") if verb in words)
    words = words[words.index(verb) :]
    job = next(iter(yaml.safe_load_all(read(words))))
    kind = kinds.find(words[1])
    assert job["metadata"]["name"] == re.search(r"--name[= ]\"?([\w-]+)", line)[1]
    assert verb == "cron" or job["kind"] in {one.kind for one in kind.resources}


@pytest.mark.parametrize("line", [line for line in GO_LINES if line not in GO_JOBS])
def test_the_go_arenas_other_commands(line: str, read) -> None:
    """What the Go arena's users type to see, change and end jobs is understood."""
    [words] = commands(line)
    read(words)


def test_every_go_kind_is_there() -> None:
    """The list of the Go arena's lines has each kind in each of its spellings."""
    lines = [line.split() for line in GO_LINES if " submit " in line]
    assert {words[words.index("submit") + 1] for words in lines} >= set(GO_KINDS)


# ---- help


def walk(command: click.Command, ctx: click.Context) -> Iterator[click.Context]:
    """The contexts of a command and all below it."""
    yield ctx
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None
            yield from walk(below, click.Context(below, parent=ctx, info_name=name))


NAMES = root.context_settings["help_option_names"]
CONTEXTS = list(
    walk(root, click.Context(root, info_name="arena", terminal_width=100, help_option_names=NAMES))
)


def help_page() -> str:
    """What docs/help.md should be."""
    parts = ["# Help", "What `--help` prints, of every command. This page is generated: see CONTRIBUTING.md."]
    for ctx in CONTEXTS:
        parent, kind = ctx.command_path.rpartition(" ")[::2]
        others = {one.name for one in kinds.training_kinds()} - {"job"}
        if parent in ("arena cron", "arena fit", "arena sweep submit") and kind in others:
            parts.append(
                f"## {ctx.command_path}\n\nAs `arena submit {kind}`, with the options of `{parent} job`."
            )
            continue
        text = "\n".join(line.rstrip() for line in ctx.get_help().splitlines())
        parts.append(f"## {ctx.command_path}\n\n```text\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def test_help_page() -> None:
    """docs/help.md is what the commands' --help prints."""
    if os.environ.get("ARENA_REGENERATE"):
        HELP.write_text(help_page(), "utf-8")
    assert HELP.read_text("utf-8") == help_page(), "ARENA_REGENERATE=1 writes it anew"


@pytest.mark.parametrize("ctx", CONTEXTS, ids=lambda ctx: ctx.command_path)
def test_help_shows_an_example(ctx: click.Context, read) -> None:
    """The help of every command that does something has an example, and each example is right."""
    text = "\n".join(line for line in (ctx.command.help or "").splitlines() if "arena " in line)
    found = list(commands(text))
    assert found or isinstance(ctx.command, click.Group)
    for words in found:
        if not {"-f", "--file"} & set(words) or words[0] not in ("submit", "cron", "diff", "fit", "sweep"):
            read(words)


def test_hints_name_real_commands() -> None:
    """Every command that a message tells the user to run exists."""
    known = {word for verb in root.verbs.values() for word in (verb.name, *verb.aliases)}
    named = {
        word: f"{path}:{node.lineno}: {node.value}"
        for path in sorted((ROOT / "arena").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in re.findall(r"(?:^|[:`] ?)arena ([a-z]+)", node.value)
    }
    assert len(named) > 10
    assert [where for word, where in named.items() if word not in known] == []


def test_every_option_is_explained() -> None:
    """Every option that help shows says what it does."""
    shown = [
        (ctx.command_path, param.name)
        for ctx in CONTEXTS
        for param in ctx.command.params
        if isinstance(param, click.Option) and not param.hidden and not param.help
    ]
    assert shown == []


@pytest.mark.parametrize(
    ("shell", "file"), [("bash", "arena.bash"), ("zsh", "_arena"), ("fish", "arena.fish")]
)
def test_completions_are_fresh(shell: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The scripts in completions/ are what `arena completion` prints."""
    assert run(["completion", shell]) == 0
    assert (ROOT / "completions" / file).read_text("utf-8") == capsys.readouterr().out, (
        "run: make completions"
    )


# ---- what the pages say


def test_links_lead_somewhere() -> None:
    """Every link inside the documentation leads to a file, and to a heading of it where it names one."""
    found = [
        (page, target)
        for page in (*PAGES, ROOT / "CHANGELOG.md")
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
        if "://" not in target
    ]
    assert len(found) > 20
    for page, target in found:
        name, _, heading = target.partition("#")
        other = (page.parent / name) if name else page
        assert other.exists(), f"{page.name} links to {target}"
        heads = re.findall(r"^#+ (.+)$", other.read_text("utf-8"), re.MULTILINE) if heading else []
        slugs = [re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads]
        assert not heading or heading in slugs, f"{page.name} links to {target}"


def test_make_targets_exist() -> None:
    """Every `make TARGET` of the documentation is a target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        word for page in PAGES for word in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text("utf-8"), re.M)
    }
    assert named
    assert named <= targets


def test_readme_names_every_command() -> None:
    """README.md is short, shows every command, and every page is reached from it."""
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) < 180
    assert [name for name in root.list_commands(click.Context(root)) if f"`arena {name}" not in text] == []
    assert [page.name for page in PAGES[1:] if f"docs/{page.name}" not in text] == []


def test_errors_page_has_every_code() -> None:
    """docs/errors.md lists every error of the tree with its exit code."""
    rows = dict(re.findall(r"^\| `?(\w+)`? \| (\d+) \|", (ROOT / "docs/errors.md").read_text("utf-8"), re.M))
    tree = {one.__name__: str(one.exit_code) for one in vars(errors).values() if isinstance(one, type)}
    assert rows == tree


def test_configuration_page_has_every_setting() -> None:
    """docs/configuration.md lists every setting, and no other."""
    text = (ROOT / "docs/configuration.md").read_text("utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", text, re.M) == list(config.KEYS)
