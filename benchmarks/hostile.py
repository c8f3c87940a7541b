"""The local cluster's server under thousands of mutated requests, those of `tests/faults`."""

import sys
import time
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path

import psutil

from benchmarks.home import home
from benchmarks.measure import Figure

REQUESTS = 25_000
EVERY = 100
"""Requests between two looks at the server's memory."""


def figures(runs: int) -> Iterator[Figure]:
    """Peak of the memory, the slowest request, and how many were answered by 500 or not at all."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "faults"))
    mutants, client = import_module("mutants"), import_module("hostile_client")
    memory = slowest = 0.0
    failed = 0
    with home() as at:
        at.env["ARENA_LOCAL_PODS"] = "12"
        at.arena("local", "start")
        server, connection = psutil.Process(at.server()), client.Client(at.state / "api.sock")
        began = time.monotonic()
        for number, request in enumerate(islice(mutants.Mutants(1), REQUESTS)):
            code, seconds = connection.ask(request)
            if code == 0:  # the connection may have been due to end
                code, seconds = connection.ask(request)
            failed += code in (0, 500)
            slowest = max(slowest, seconds)
            if number % EVERY == 0:
                memory = max(memory, server.memory_info().rss / 1e6)
        connection.close()
        rate = REQUESTS / (time.monotonic() - began)
    what = f"{REQUESTS:,} mutated requests"
    yield Figure(
        what=f"{what}, memory", budget=200, measured=memory, unit="MB", note=f"{rate:.0f} requests/s"
    )
    yield Figure(what=f"{what}, slowest", budget=1000, measured=slowest * 1000, unit="ms")
    yield Figure(what=f"{what}, answered 500", budget=0, measured=failed, unit="")
