"""Every option of every kind, and every flag of all other commands, refuses what it cannot use.

The error names the flag, the value and the allowed values; the exit code is 2. Bad values are chosen
by the form of the option (its metavar), so a new option is tested automatically; a new form needs a bad value
here.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from screens import Ended

from arena import kinds
from arena.cli import root, run
from arena.kinds.evaluation.evaluatejob import EvaluationSpec
from arena.kinds.serving import FAMILY as SERVING
from arena.kinds.spec import Option, options

BAD = {
    "N": ("many", "-1"),
    "PORT": ("http", "70000"),
    "QUANTITY": ("lots", "0", "1e99"),
    "DURATION": ("soon", "-5"),
    "true|false": ("maybe",),
    "NAME": ("a b", "-a"),
    "IMAGE": ("two words",),
    "PATH": ("relative", "/"),
    "PROGRAM": ("two words",),
    "NAME=VALUE": ("novalue", "A B=1"),
    "NAME[=@FILE|=-|=VALUE]": ("A B", "A B=1", "=1"),
    "KEY=VALUE": ("novalue", "=1"),
    "VENDOR/NAME=N": ("a.b/c", "a.b/c=none", "nvidia.com/gpu=1"),
    "NAME=SECRET[:KEY]": ("novalue", "A=/"),
    "PVC:/PATH": ("claim", "claim:relative"),
    "/HOST[:/PATH]": ("relative", "/a:b"),
    "FILE[:/PATH]": ("a:b",),
    "KEY[=VALUE][:EFFECT]": ("a=b:Never", "a b"),
    "ROLE,...": ("boss", "w,w"),
    "DIR": ("", "/nowhere"),
    "IMAGE,...": ("two words",),
    "RANKS": ("first", "7-4", "1,", "99999999"),
    "REGEX": ("(", "a**"),
    "LABEL": ("a b",),
    "MEMORY": ("lots", "0"),
    "CRON": ("often", "* * * *", "61 * * * *"),
    "ZONE": ("Middle/Earth",),
    "auto|cpu|gpu|N": ("some", "0"),
    "VERSION": ("V 1", "-1"),
    "PATH|URL": ("ftp://a", "hf://a"),
    "PERCENT": ("7", "many"),
    "N|PERCENT": ("some", "-1"),
    "NAME:VALUE": ("colour: red", "a"),
    "NAME:PATH": ("a:/b", "a b:c"),
    "NAME:/PATH": ("a", "a:b"),
    "NAME[:VERSION]": ("a b", ":1"),
    "NAME=N": ("root=1", "runAsUser=x"),
    "ARGUMENTS": ("'a",),
    "latest|latest:N|specific:N|all": ("newest", "specific:x"),
}
"""Metavar of a form -> values that it refuses."""
FREE = {
    "coordinator",
    "dataset",
    "dataset_path",
    "explainer_command",
    "jar",
    "leader_command",
    "logdir",
    "main_class",
    "metrics_path",
    "model",
    "model_config_file",
    "model_path",
    "model_repository",
    "model_source",
    "model_store",
    "model_uri",
    "models",
    "monitoring_config_file",
    "pre_stop_command",
    "pretrained",
    "ray_version",
    "scale_metric",
    "spark_version",
    "storage_uri",
    "sync_source",
    "transformer_command",
    "version",
    "worker_command",
}
"""Options whose value may be any text, as a URL, a version or a command line may."""
NO_TEXT = b"\xff".decode(errors="surrogateescape")
"""What even free text cannot be: bytes that are not UTF-8."""


@pytest.fixture
def say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Run a command line against a cluster that is nowhere, so that only its words matter."""
    cluster = {"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}
    config = {
        "current-context": "c",
        "clusters": [cluster],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Ended:
        capsys.readouterr()
        code = run(words)
        return Ended(code, *capsys.readouterr())

    return call


def bad(one: Option) -> tuple[str, ...]:
    """Values that the option refuses."""
    if one.type.choices:
        return ("none-of-these",)
    return BAD.get(one.type.metavar, (NO_TEXT,))


def fault(ended: Ended, flag: str, value: str) -> str:
    """What is wrong with how a value was refused, or ""."""
    lines = ended.err.splitlines()
    errors = [line for line in lines if line.startswith("Error: ")]
    hints = [line for line in lines if line.startswith("Hint: ")]
    parts = set(re.split("[=: ]", value.replace(NO_TEXT, "?"))) - {""} | {value or "empty"}
    if ended.code != 2 or ended.out or len(errors) != 1:
        return f"{flag} {value!a} was not refused: {ended}"
    if flag not in errors[0] or not any(part in errors[0] for part in parts):
        return f"{flag} {value!a}: the sentence names not both: {errors[0]}"
    # Where click speaks, in words that are its own, they are more than the flag and the value.
    helped = hints or "; " in errors[0] or len(re.findall(r"\b[a-z]{2,}", errors[0].replace(flag, ""))) > 4
    return "" if helped else f"{flag} {value!a}: nothing says what would do: {errors[0]}"


def told(faults: list[str]) -> None:
    """Fail with those of the faults that are some."""
    if any(faults):
        pytest.fail("\n".join(filter(None, faults)))


SPECS: dict[str, type] = {f"submit {kind.name}": kind.spec for kind in kinds.training_kinds()}
SPECS["evaluate model"] = EvaluationSpec
SPECS |= {f"serve {kind.name}": kind.spec for kind in kinds.of(SERVING)}


@pytest.mark.parametrize("verb", SPECS)
def test_options_of_a_kind(verb: str, say: Callable[..., Ended]) -> None:
    """Each option of a kind refuses bad values and names the flag, the value and the allowed values."""
    found = []
    for one in options(SPECS[verb]):
        if one.type.positional:
            continue
        for value in bad(one):
            ended = say(*verb.split(), f"{one.flag}={value}", "--dry-run", "--", "true")
            found.append(fault(ended, one.flag, value))
    assert len(found) > 10
    told(found)


def test_what_may_be_any_text() -> None:
    """These options, and no others, have no form that could refuse a text."""
    free = {
        one.name
        for spec in SPECS.values()
        for one in options(spec)
        if one.type.metavar not in BAD and not one.type.choices and not one.type.positional
    }
    assert free == FREE


# ---- the flags of the other commands

OTHER = {
    "KIND": ("pytroch",),
    "TIME": ("soon", "-5"),
    "LABELS": ("a b", "=x", "a in b", "a=b=c"),
    "GOAL": ("bliss", "phase=BLISS"),
    "N": ("many", "-2"),
    "PORT": ("http", "70000"),
    "FILE": ("/nowhere",),
    "DIR": ("",),
    "[client|server]": ("sever",),
    "REVISION": ("first", "0"),
    "PROTOCOL": ("a b", "-a"),
    "SHARE": ("some", "0%", "100%"),
    "CONDITIONS": ("p95", "speed<1"),
}
"""Metavar of a flag -> values that it refuses."""
GLOBAL = {
    "--namespace": "a b",
    "--arena-namespace": "a b",
    "--kubeconfig": "/nowhere",
    "--context": "nowhere",
    "--loglevel": "chatty",
}
"""Flags that every command takes, tested with one that heeds them all -> a value that it refuses."""
ASKED = {"--instance", "--container", "--script", "--gpu-mode", "--token"}
"""Flags whose value only the cluster can judge, or nobody, or that no message may show."""


NEEDED = {
    "serve autoscale": ("--max=2", "--cpu=80%"),
    "serve delete": ("x",),
    "serve restart": ("x",),
    "serve scale": ("--replicas=1", "x"),
    "serve traffic-split": ("--name=x", "-v=1:100"),
    "serve update": ("--name=x",),
    "serve wait": ("x",),
}
"""Beginning of a command -> what it needs besides its required arguments."""


def of_the_job(ctx: click.Context) -> set[str]:
    """The flags of a command that come from a kind's Spec, and are tested above."""
    path = ctx.command_path.split()[1:]
    spec = SPECS.get(" ".join(path).replace("serve update", "serve")) or SPECS.get(
        f"submit {path[-1]}" if path[0] in ("cron", "fit") else ""
    )
    return {flag for one in options(spec) for flag in (*one.flags, *one.old)} if spec else set()


def walk(command: click.Command, ctx: click.Context) -> Iterator[click.Context]:
    """The contexts of all commands but those that submit a kind, which are tested above."""
    if not isinstance(command, click.Group):
        yield ctx
        return
    for name in command.list_commands(ctx):
        below = command.get_command(ctx, name)
        if below and name != "submit":
            yield from walk(below, click.Context(below, parent=ctx, info_name=name))


def flags(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """(flag, bad value) for all flags of a command that take a value."""
    done = of_the_job(ctx)
    for one in ctx.command.params:
        if not isinstance(one, click.Option) or one.is_flag or done & set(one.opts):
            continue
        flag = max(one.opts, key=len)
        if isinstance(one.type, click.Choice) and flag not in GLOBAL:
            yield flag, "none-of-these"
        elif flag not in GLOBAL and flag not in ASKED:
            for value in (BAD | OTHER).get(one.metavar or "", (NO_TEXT,)):
                yield flag, value


# click remembers the spellings of --help that it is first asked for.
SPELLINGS = root.context_settings["help_option_names"]
CONTEXTS = list(walk(root, click.Context(root, info_name="arena", help_option_names=SPELLINGS)))


@pytest.mark.parametrize("ctx", CONTEXTS, ids=lambda ctx: ctx.command_path)
def test_flags_of_a_command(ctx: click.Context, say: Callable[..., Ended]) -> None:
    """Each flag of a command refuses bad values and names the flag, the value and the allowed values."""
    path = ctx.command_path.split()[1:]
    words = [
        one.type.choices[0] if isinstance(one.type, click.Choice) else "x"
        for one in ctx.command.params
        if isinstance(one, click.Argument) and one.required
    ]
    needed = next((more for start, more in NEEDED.items() if " ".join(path).startswith(start)), ())
    found = [fault(say(*path, *needed, f"{flag}={value}", *words), flag, value) for flag, value in flags(ctx)]
    told(found)


@pytest.mark.parametrize(("flag", "value"), GLOBAL.items())
def test_flags_of_all_commands(flag: str, value: str, say: Callable[..., Ended]) -> None:
    """Each flag that all commands have refuses bad values, before and after the verb."""
    word = flag if "name" in flag else flag.lstrip("-")  # which may also come from elsewhere
    told([fault(say(*words), word, value) for words in (("list", flag, value), (flag, value, "list"))])
