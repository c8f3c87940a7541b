"""Another user of this machine: a program that runs as one where the tests run as root."""

import os
import subprocess
import sys

import pytest

UID = 54_321
"""A user of whom nothing on this machine is: made by `setuid`, and gone with its last process."""

needed = pytest.mark.skipif(
    os.getuid() != 0, reason="NOT TESTED: run as root, so that a second user can be played"
)
# Its Python may lie where the stranger may not look: what it needs is imported before it becomes one.
BECOME = f"""
import encodings.idna, json, os, socket, ssl, stat, sys, tempfile
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({UID})
    os.setuid({UID})
"""


def start(code: str, *words: str) -> "subprocess.Popen[str]":
    """Start a Python program, by its text, as the stranger (as oneself where not root), its streams pipes."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-I", "-c", BECOME + code, *words],
        stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd="/", env={"PATH": os.defpath},
    )  # fmt: skip


def run(code: str, *words: str, typed: str = "") -> str:
    """What such a program prints; it must end well."""
    with start(code, *words) as child:
        out, err = child.communicate(typed, timeout=60)
    assert child.returncode == 0, err
    return out
