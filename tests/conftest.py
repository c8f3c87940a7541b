"""Settings for all tests."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine than about the code; and what CI finds should be
# found again.
settings.register_profile(
    "arena",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("arena")

# Commands on a terminal of the tests draw on it, whatever the terminal of the tests themselves can do.
os.environ["TERM"] = "xterm"

# A shell that runs the tests in the background, and nohup, let them ignore these signals, and so the commands
# that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    """Let a command with --debug in the tests' own process log for its own test only."""
    logger = logging.getLogger("arena")
    handlers, level = logger.handlers, logger.level
    yield
    logger.handlers = handlers
    logger.setLevel(level)
