"""A Go client of the newest release, over TLS with the certificate of the kubeconfig: it speaks protobuf.

It needs `go` on PATH and k8s.io/client-go in GOPATH, such as Debian's packages golang-go and
golang-k8s-client-go-dev unpacked anywhere, and so is run by hand.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from product import product

CLIENT = Path(__file__).parents[1] / "cases" / "go" / "main.go"
FOLDERS = [Path(one) / "src" / "k8s.io" / "client-go" for one in os.environ.get("GOPATH", "none").split(":")]
needed = pytest.mark.skipif(
    not shutil.which("go") or not any(one.is_dir() for one in FOLDERS),
    reason="NOT TESTED: put go on PATH, and k8s.io/client-go into GOPATH",
)


@needed
def test_a_go_client(tmp_path: Path) -> None:
    """Objects, refusals, informers, logs and metadata of custom kinds come as from any cluster."""
    program = tmp_path / "client"
    build = ["go", "build", "-o", str(program), str(CLIENT)]
    subprocess.run(build, env={**os.environ, "GO111MODULE": "off", "CGO_ENABLED": "0"}, check=True)
    with product(tmp_path) as arena:
        arena.must("local", "start")
        env = {"PATH": os.environ["PATH"], "KUBECONFIG": str(arena.state / "kubeconfig")}
        done = subprocess.run([program], env=env, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "user system:admin", "bytes [0 255]", "missing true", "log hello", "cpu 100m", "custom 0",
    ]  # fmt: skip
