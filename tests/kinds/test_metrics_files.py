"""The shell around a program whose metrics file is printed as it grows."""

import subprocess
from pathlib import Path

import pytest

from arena.kinds.sweeps.metrics_file import NAME, SCRIPT

BEGIN = "follow() {\n"


@pytest.mark.parametrize(
    "script", [SCRIPT, SCRIPT.replace(BEGIN, f"{BEGIN}  sleep 1 > /dev/null 2>&1\n")], ids=["", "late"]
)
def test_a_program_that_ends_at_once(tmp_path: Path, script: str) -> None:
    """All lines are printed, the last one without its end, too, even if what follows the file was late."""
    assert BEGIN in SCRIPT
    file = tmp_path / "new" / "metrics.log"
    program = ["sh", "-c", f"printf 'loss=2\\nloss=1' > '{file}'; exit 3"]
    ended = subprocess.run(
        ["sh", "-c", script, NAME, str(file), *program],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (3, "metrics: loss=2\nmetrics: loss=1\n")
