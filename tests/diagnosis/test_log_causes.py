"""Causes that logs tell, brought about by real programs on the local cluster."""

import json
import re
import socket
import sys
from collections.abc import Iterator

import pytest
from product import Local, Product, product, quoted, until

import arena as library
from arena.actions.diagnosis.why import why
from arena.local.state import recorded
from arena.views import diagnoses

PROGRAMS = {
    "module": ("import no_such_module_at_all", "import.missing", "No module named 'no_such_module_at_all'"),
    "library": ("import ctypes; ctypes.CDLL('libno-such.so.9')", "lib.missing", r"libno-such\.so\.9"),
    "file": ("open('/data/no-such/train.bin')", "file.missing", "'/data/no-such/train.bin'"),
    "syntax": ("print('step'", "syntax.error", "SyntaxError"),
    "args": (
        "import argparse; argparse.ArgumentParser().parse_args(['--lr-rate', '1'])",
        "args.invalid",
        "unrecognized arguments: --lr-rate",
    ),
    "port": (
        "import socket; socket.create_server(('127.0.0.1', PORT))",
        "ports.conflict",
        "Address already in use",
    ),
    "disk": (
        "file = open('/dev/full', 'wb', buffering=0); file.write(b'x')",
        "disk.full",
        "No space left on device",
    ),
    "dns": ("import socket; socket.getaddrinfo('no-such-host.invalid', 80)", "dns", r"gaierror: \[Errno"),
    "memory": ("bytearray(1 << 60)", "oom.host", "MemoryError"),
    "nan": (
        "loss = float('inf') - float('inf')\n"
        "if loss != loss:\n    raise FloatingPointError(f'Loss is {loss}, stopping training')",
        "loss.nan",
        "Loss is nan",
    ),
    "checkpoint": (
        "import pickle\nwhole = pickle.dumps(list(range(1000)))\npickle.loads(whole[:100])",
        "checkpoint.bad",
        "UnpicklingError|EOFError",
    ),
    "crash": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal", "139|Segmentation"),
    "raised": ("raise ValueError('expected 3 channels, got 4')", "exit.nonzero", "expected 3 channels"),
    "silent": ("raise SystemExit(3)", "exit.nonzero", "exit code 3"),
    "survived": (
        "import traceback\n"
        "try:\n    import no_such_module_at_all\nexcept ImportError:\n    traceback.print_exc()\n"
        "for step in range(50):\n    print('step', step)\n"
        "raise SystemExit(4)",
        "exit.nonzero",
        "exit code 4",
    ),
}
"""Name -> the text of a program, the cause, and what the evidence quotes."""
COMMANDS = {
    "command": ("no-such-command --help", "file.missing", "no-such-command"),
    "script": (quoted(sys.executable, "/no/such/train.py"), "file.missing", "/no/such/train.py"),
    "denied": ("./plain.sh", "permission.denied", "plain.sh"),
    "remote": (
        "ssh -o BatchMode=yes -p 1 127.0.0.1 true",
        "mpi.ssh",
        "connect to host 127.0.0.1 port 1",
    ),
}
CAUSES = {name: told[1:] for name, told in (PROGRAMS | COMMANDS).items()}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A cluster with a failed job for each of the programs."""
    with product(tmp_path_factory.mktemp("why")) as made, socket.create_server(("127.0.0.1", 0)) as taken:
        (made.home / "plain.sh").write_text("#!/bin/sh\n", encoding="utf-8")
        made.must("local", "start")
        lines = {name: line for name, (line, *_) in COMMANDS.items()}
        for name, (text, *_) in PROGRAMS.items():
            file = made.home / f"{name}.py"
            file.write_text(text.replace("PORT", str(taken.getsockname()[1])), encoding="utf-8")
            lines[name] = quoted(sys.executable, file)
        for name, line in lines.items():
            library.submit(_session(made), library.PyTorchJobSpec(name=name, command=line))
        until(lambda: set(made.jobs().values()) == {"FAILED"}, what="the end of all jobs")
        yield made


def _session(made: Product) -> Local:
    server = recorded(made.state)
    assert server
    return Local(made.home, server)


@pytest.mark.parametrize("name", sorted(CAUSES))
def test_cause(failed: Product, name: str) -> None:
    """The cause is found, a line of the log shows it, and the commands to run next name the job."""
    id, quoted_line = CAUSES[name]
    told = diagnoses.data(why(_session(failed), name))
    assert told["cause"] == id, json.dumps(told, indent=1)
    assert any(re.search(quoted_line, one["text"]) for one in told["evidence"]), told["evidence"]
    assert told["fix"]
    assert all(name in one or "{" not in one for one in told["fix"])


def test_command_line(failed: Product) -> None:
    """`arena why` prints the cause with its id, the evidence and the commands."""
    out = failed.must("why", "module")
    assert re.search(r"^CAUSE +.*\(import\.missing\)$", out, re.M)
    assert re.search(r"^EVIDENCE +.*No module named 'no_such_module_at_all'", out, re.M)
    assert re.search(r"^FIX +arena logs module", out, re.M)
