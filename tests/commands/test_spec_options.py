"""A Spec's fields as options of a command."""

import click
import pytest
from click.testing import CliRunner

from arena import kinds
from arena.commands._spec import SpecCommand, given, spec_options

SPEC = kinds.find("tfjob").spec


@click.command("submit", cls=SpecCommand)
@spec_options(SPEC)
@click.option("--dry-run", is_flag=False, flag_value="client", default=None)
@click.option("--replace", is_flag=True)
@click.pass_context
def command(ctx, dry_run, replace, **_):
    print(given(ctx, SPEC), dry_run, replace)


def run(*words):
    return CliRunner().invoke(command, words)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("python", "train.py"), {"command": "python train.py"}),
        (("--workers", "2", "python x", "--gpus=1"), {"command": "python x", "workers": "2", "gpus": "1"}),
        (
            ("-e", "A=1", "-eB=2", "-e=C=3", "--env=D=4", "x"),
            {"command": "x", "env": ("A=1", "B=2", "C=3", "D=4")},
        ),
        (("-e", "-e=1", "x"), {"command": "x", "env": ("-e=1",)}),
        (("--env", "--gang=false", "x"), {"command": "x", "env": ("--gang=false",)}),
        (("--gang", "x"), {"command": "x", "gang": True}),
        (("--gang=true", "--queue=false", "x"), {"command": "x", "gang": True, "queue": False}),
        (("--no-gang", "x"), {"command": "x", "gang": False}),
        (("--hostNetwork", "true", "x"), {"command": "true x", "host_network": True}),
        (
            ("--image-pull-secrets", "a", "--image-pull-secret", "b", "x"),
            {"command": "x", "image_pull_secret": ("a", "b")},
        ),
        (("--", "x", "--gang=false", "-e=1"), {"command": "x --gang=false -e=1"}),
        (("--data", "a:/a", "-d", "b:/b", "x"), {"command": "x", "data": ("a:/a", "b:/b")}),
    ],
)
def test_spellings(words, wanted):
    """Flags are read as users of the Go arena write them; only given values are returned."""
    done = run(*words)
    assert done.output == f"{wanted!s} None False\n"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--dry-run", "x"), "client False"),
        (("--dry-run=server", "x"), "server False"),
        (("--replace", "--gang=false", "x"), "None True"),
        (("--replace=false", "x"), "None False"),
    ],
)
def test_other_options(words, wanted):
    """Options beside those of the Spec follow the same rules: a value that may be left out needs a `=`."""
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert done.output.endswith(f"{wanted}\n")


def test_deprecated_spelling(capsys):
    """A deprecated spelling works and says on stderr what to write; what it lists joins the rest."""
    command.main(["--workingDir", "/w", "--dataDir", "/a", "--data-dir", "/b", "x"], standalone_mode=False)
    out, err = capsys.readouterr()
    assert out == "{'command': 'x', 'working_dir': '/w', 'data_dir': ('/b', '/a')} None False\n"
    assert set(err.splitlines()) == {
        "Flag --workingDir has been deprecated, please use --working-dir instead",
        "Flag --dataDir has been deprecated, please use --data-dir instead",
    }


@pytest.mark.parametrize("word", ["--ChiefCpu", "--chiefCpu"])
def test_old_spellings_that_differ_in_case(word, capsys):
    """Of two old spellings of one option, the remark names the one that was written."""
    command.main([word, "2", "x"], standalone_mode=False)
    out, err = capsys.readouterr()
    assert out == "{'command': 'x', 'chief_cpu': '2'} None False\n"
    assert err == f"Flag {word} has been deprecated, please use --chief-cpu instead\n"


def test_help():
    """Help names every option with its default, and no deprecated spelling."""
    text = run("--help").output
    assert "[default: Always]" in " ".join(text.split())
    assert "--workingDir" not in text
    assert "--working-dir" in text


@pytest.mark.parametrize("words", [("--gang=perhaps", "x"), ("--wrokers", "1", "x"), ("--workers",)])
def test_refused(words):
    """An unknown option, or one without its value, is a usage error."""
    assert run(*words).exit_code == 2
