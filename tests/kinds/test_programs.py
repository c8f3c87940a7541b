"""Command lines that replace their shell, so that signals reach the program."""

import subprocess

import pytest

from arena.kinds import shell

DIRECT = ("python3 serve.py", "/bin/cat 'a b' \"c;d\"", "sleep 0", "./serve --port=$PORT", "cat a#b")
INDIRECT = (
    "cd app && python3 serve.py", "A=1 python3 serve.py", "echo a; echo b", "cat <in >out", "(cat)", "a\nb",
    "$PROGRAM serve", "exec python3 serve.py", "trap '' TERM", "if true; then cat; fi", "cat $(pwd)",
    "cat `pwd`", "cat 'open", "", "{ cat; }", "! cat", "cat &",
)  # fmt: skip


@pytest.mark.parametrize("line", DIRECT)
def test_programs_replace_their_shell(line):
    """A line that starts one program is told to replace the shell."""
    assert shell.program(line) == f"exec {line}"


@pytest.mark.parametrize("line", INDIRECT)
def test_what_needs_a_shell_keeps_it(line):
    """A line of which the shell does more than start a program stays as it is."""
    assert shell.program(line) == line


@pytest.mark.parametrize("line", ["cat 'a b'", "env", "ls -d '/t'* \"$HOME\""])
def test_nothing_else_changes(line):
    """It prints the same and ends with the same code, from the shell's own process."""
    env = {"HOME": "/", "PATH": "/usr/bin:/bin"}
    before, after = (
        subprocess.run(["sh", "-c", one], capture_output=True, timeout=30, env=env)
        for one in (line, shell.program(line))
    )
    assert after.returncode == before.returncode
    assert (after.stdout, after.stderr) == (before.stdout, before.stderr)


def test_a_signal_reaches_the_program():
    """A signal that the container's first process gets ends the program, with its own exit code."""
    line = shell.program("python3 -c 'import signal; print(flush=True); signal.sigwait({15}); exit(5)'")
    block = "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, {15}); "
    with subprocess.Popen(
        ["python3", "-c", f"{block}os.execvp('sh', ['sh', '-c', {line!r}])"], stdout=subprocess.PIPE
    ) as one:
        assert one.stdout.readline()
        one.terminate()
        assert one.wait(30) == 5
