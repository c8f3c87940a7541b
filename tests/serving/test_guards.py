"""The guards of canaries: how they are written, and when they hold."""

import pytest

from arena.actions.serving import guard
from arena.errors import SpecError
from arena.model.benchmarks import Benchmark, Distribution, Failure, Load

FOUND = Benchmark(
    name="x",
    url="",
    load=Load(),
    seconds=10,
    succeeded=99,
    failures=(Failure(kind="status 500", count=1),),
    latency=Distribution(count=99, p50=0.02, p95=0.3, max=1.5),
)
SILENT = Benchmark(name="x", url="", load=Load(), seconds=10)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("p95<300ms", False),
        ("p95<=300ms", True),
        ("p95<0.31s", True),
        ("errors<1%", False),
        ("errors<=1%", True),
        ("max>1s", True),
        ("rps>=9.9", True),
        ("rps>10", False),
        (" p50 < 50ms , errors < 2% ", True),
    ],
)
def test_conditions(text: str, holds: bool) -> None:
    """Latencies are compared in seconds, errors as a share, and throughput in requests a second."""
    assert (guard.broken(guard.parse(text), FOUND) == []) is holds


@pytest.mark.parametrize("text", ["p95<10s", "errors<100%", "rps>0"])
def test_silence_is_no_success(text: str) -> None:
    """A server that has answered nothing keeps no guard."""
    assert guard.broken(guard.parse(text), SILENT)


@pytest.mark.parametrize(
    "text", ["", ",", "p95", "p95<", "p95<1", "p95<1%", "p42<1s", "errors<1s", "rps<1%", "p95=1s"]
)
def test_bad_guards(text: str) -> None:
    """What is not a condition is refused, with an example."""
    with pytest.raises(SpecError) as told:
        guard.parse(text)
    assert "p95<300ms" in told.value.hint
