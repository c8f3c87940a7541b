"""Placeholders of parameters in command lines and other texts."""

import shlex
import subprocess
import time

import pytest

from arena.errors import SpecError
from arena.kinds.sweeps.placeholders import Filling, filled, filled_command, in_command, names, values_of

VALUES = {"lr": "1e-05", "opt": "a b", "odd": 'it\'s $HOME "and" `x` \\ *'}


def fill(name: str) -> Filling:
    """The value of a name; only numbers need no quotes."""
    return Filling(VALUES[name], plain=name == "lr")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("--lr {lr} --lr={lr}", ["lr", "lr"]),
        ("{{lr}} {{ lr }} { lr } {} {1} ${lr} {a,b}", []),
        ("{'a': {'b': 1}} {print $1} x{batch_size}y", ["batch_size"]),
    ],
)
def test_what_is_a_placeholder(text, found):
    """Braces around a name are a placeholder; variables of the shell and other braces are none."""
    assert list(names(text)) == found


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("lr={lr}", "lr=1e-05"),
        ("{{lr}} is {lr}", "{lr} is 1e-05"),
        ("{opt}", "a b"),
        ('{"a": {"b": "{lr}"}}', '{"a": {"b": "1e-05"}}'),
    ],
)
def test_plain_texts_are_filled(text, given):
    """In a text that no shell reads, values stand as they are; doubled braces are single ones."""
    assert filled(text, fill) == given


@pytest.mark.parametrize(
    "line",
    ["show --x {}", "show --x={}", "show '--x={}'", 'show "--x={}"', "show \\'{}", "show a\"b\"{}'c'"],
)
@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_shell_reads_values_as_they_are(line, name):
    """Whichever quotes surround a placeholder, the shell passes its value on unchanged."""
    written = filled_command(line.format(f"{{{name}}}"), fill)
    script = f"show() {{ printf '%s' \"$*\"; }}; {written}"
    read = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    words = shlex.split(line.replace("show ", "").format("@"))
    assert read == " ".join(words).replace("@", VALUES[name])


@pytest.mark.parametrize("line", ["echo $(cat {opt})", "echo `cat {opt}`", "cat <<E\n{opt}\nE"])
def test_values_that_a_shell_reads_twice_are_refused(line):
    """A value with blanks is refused where its quotes would be read twice; numbers are not."""
    with pytest.raises(SpecError, match="would not stay one word"):
        filled_command(line, fill)
    assert "1e-05" in filled_command(line.replace("opt", "lr"), fill)
    assert "'a b'" in filled_command("echo '$(x)' {opt}", fill)


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("python t.py --lr 0.1 --x", "python t.py --lr {lr} --x"),
        ("python t.py --lr=0.1", "python t.py --lr={lr}"),
        ("python t.py lr='0.1'", "python t.py lr={lr}"),
        ("python t.py --lr -0.1", "python t.py --lr {lr}"),
        ("python t.py --lr --x", "python t.py --lr --x"),
        ("python t.py --lrate 0.1", "python t.py --lrate 0.1"),
        ("python t.py --lr 1 && python t.py --lr 2", "python t.py --lr 1 && python t.py --lr 2"),
    ],
)
def test_values_of_flags_become_placeholders(line, given):
    """The value of the only flag of that name becomes a placeholder."""
    assert in_command(line, ("--lr", "lr"), "{lr}") == given


@pytest.mark.parametrize(
    ("text", "template", "values"),
    [
        ("run --lr 0.1 -b 8", "run --lr {lr} -b {b}", {"lr": "0.1", "b": "8"}),
        ("run --o 'a b' 7.pkl", "run --o {o} {trial}.pkl", {"o": "a b"}),
        ("run 1 1 {x}", "run {x} {x} {{x}}", {"x": "1"}),
        ("run 1 2", "run {x} {x}", {}),
        ("walk 1", "run {x}", {}),
        ("run $x {}", "run $x {}", {}),
    ],
)
def test_values_of_a_command(text: str, template: str, values: dict[str, str]) -> None:
    """Values are what stands in the place of their placeholders."""
    assert values_of(text, template, is_command=True) == values


@pytest.mark.parametrize("is_command", [True, False])
def test_long_texts_take_no_time(is_command: bool) -> None:
    """A text that can be divided in too many ways is not searched for values."""
    began = time.process_time()
    assert values_of("a," * 9_000 + "!", "{a},{b},{c},{d}x", is_command=is_command) == {}
    assert time.process_time() - began < 1
