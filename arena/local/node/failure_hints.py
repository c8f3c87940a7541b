"""Explains likely causes of a failure on a machine without a container runtime, with remedies."""

import re
from pathlib import Path

from arena.engines import ENGINES

TAIL = 16384
_INSTALL = {
    "mpirun": "install OpenMPI (Debian: openmpi-bin) or another MPI",
    "mpiexec": "install OpenMPI (Debian: openmpi-bin) or another MPI",
    "horovodrun": "install it with `pip install horovod`",
    "deepspeed": "install it with `pip install deepspeed`",
    "torchrun": "install it with `pip install torch`",
    "accelerate": "install it with `pip install accelerate`",
    "tensorboard": "install it with `pip install tensorboard`",
    "ray": "install it with `pip install ray`",
    **{
        command: f"install it with `arena serve engines install {one.name}`"
        for one in ENGINES
        for command in (*one.commands, *one.stand_ins)
    },
}
_NO_GPU = re.compile(
    rb"no NVIDIA driver|CUDA (?:is|was) not available|CUDA is unavailable|no CUDA-capable device"
    rb"|not compiled with CUDA|without NCCL|NCCL.{0,40}(?:not (?:available|built|found)|requires)"
    rb"|ProcessGroupNCCL is only supported with GPUs|No CUDA GPUs are available",
    re.IGNORECASE,
)


_NOT_FOUND = re.compile(rb": ([\w./+-]+): (?:command )?not found|: command not found: ([\w./+-]+)")
"""Messages of shells about a missing command: sh and bash, zsh."""
_NO_MODULE = re.compile(rb"ModuleNotFoundError: No module named '([\w.]+)'")


def missing(command: str) -> str:
    """Return a remedy for a command that does not exist on this machine."""
    word = Path(command).name
    how = _INSTALL.get(word, "install it, or give the command's full path")
    return f'"{word}" was not found; the local cluster runs commands on this machine, not in the image: {how}'


def tail(log: Path, size: int = TAIL) -> bytes:
    """Return the end of a log file, or nothing if there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - size))
            return file.read()
    except OSError:
        return b""


def of(code: int, message: str, log: Path) -> str:
    """Return a hint for the user about a failed run, or ""."""
    if code == 127 and message.startswith('exec: "'):
        return missing(message.split('"')[1])
    lacking = _NOT_FOUND.findall(tail(log)) if code == 127 else []
    if lacking:
        return missing("".join(word.decode() for word in lacking[-1]))
    return failure(log)


def failure(log: Path) -> str:
    """Return a hint from the log of a failed command, or ""."""
    end = tail(log)
    lacking = _NO_MODULE.findall(end)
    if lacking:
        return (
            f'Python did not find "{lacking[-1].decode()}"; the local cluster runs commands on this machine, '
            "not in the image: install it where you submit from, or name its folder in PYTHONPATH"
        )
    if _NO_GPU.search(end):
        return (
            "the program asks for CUDA or NCCL, which this machine lacks: "
            "choose the CPU and the gloo backend, or submit to a cluster with GPUs"
        )
    return ""
