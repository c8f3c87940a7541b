"""The server's side: one thread and one process for each Experiment that runs.

The thread starts the process when there is something to ask, gives it the trials that it does not know yet,
and hands on the answers. A process that was killed is replaced by one that is given all trials again.
"""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from arena.tuples import NamedTuple

log = logging.getLogger(__name__)

PROGRAM = "arena.local.programs.suggestions.process"
PAUSE = (0.05, 10.0)
"""Seconds until a process that was killed is replaced: the first time, and at most; it doubles each time."""

PATIENCE = 2.0
"""Seconds within which a process ends by itself once nobody asks it any more."""

_FAILED = "the program that computes suggestions failed with exit code {}; arena local logs shows its error"

Message = dict[str, Any]
Answer = Callable[[Message], bool]
"""Takes what the process says, `suggestions` and `exhausted` or `error`; returns whether it is stored."""


class Question(NamedTuple):
    """What is asked: for `more` sets of parameters beside the `known` ones, given all trials."""

    more: int
    known: int
    trials: Sequence[Message]


class Helper:
    """The process that computes the suggestions of one Experiment. Thread-safe.

    Args:
        title: what the Experiment is called in the log.
        search: the first message to a process.
        answer: takes each answer, in the thread of this helper.
    """

    def __init__(self, title: str, search: Message, answer: Answer) -> None:
        self._title = title
        self._search = search
        self._answer = answer
        self._change = threading.Condition()
        self._asked: Question | None = None
        self._given = 0
        """How many sets are known since the last answer."""
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._known: dict[str, str] = {}
        """The states of the trials that the process has been told of."""
        self._thread = threading.Thread(target=self._run, name="suggestions", daemon=True)
        self._thread.start()

    def ask(self, question: Question) -> None:
        """Ask for sets of parameters.

        Nothing happens while some are computed, or if the question does not know of the last answer yet: its
        trials lack those sets, which would be suggested again.
        """
        with self._change:
            if self._asked is None and question.known >= self._given:
                self._asked = question
                self._change.notify()

    def close(self) -> None:
        """End the process, and wait for its end."""
        self._closed.set()
        with self._change:
            self._change.notify()
            process = self._process
        if process is not None:
            process.kill()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            with self._change:
                while self._asked is None and not self._closed.is_set():
                    self._change.wait()
                asked = self._asked
            if asked is None:
                break
            answer = self._found(asked)
            if answer is not None:
                self._hand_on(asked, answer)
        self._end()

    def _hand_on(self, asked: Question, answer: Message) -> None:
        """Pass an answer on. What it leads to may be the next question, which waits until it is passed on."""
        with self._change:
            if self._answer(answer):
                self._given = asked.known + len(answer.get("suggestions", ()))
            self._asked = None

    def _found(self, asked: Question) -> Message | None:
        """The answer of a process, however often it is killed; None once this is closed."""
        pause, longest = PAUSE
        while not self._closed.is_set():
            try:
                return self._asked_once(asked)
            except (OSError, ValueError) as error:
                code = self._end()
                if self._closed.is_set():
                    break
                if code is not None and code > 0:  # not killed: it would fail again
                    return {"error": _FAILED.format(code)}
                log.warning("the suggestions of %s are computed again: %s", self._title, error)
                self._closed.wait(pause)
                pause = min(2 * pause, longest)
        return None

    def _asked_once(self, asked: Question) -> Message:
        process = self._process or self._start()
        assert process.stdin
        assert process.stdout
        new = [one for one in asked.trials if self._known.get(one["name"]) != one["state"]]
        process.stdin.write(json.dumps({"count": asked.more, "trials": new}).encode() + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise BrokenPipeError("its process has ended")
        self._known.update((one["name"], one["state"]) for one in new)
        found: Message = json.loads(line)
        return found

    def _start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/",
            start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        with self._change:
            self._process = process
        if self._closed.is_set():
            process.kill()
        assert process.stdin
        process.stdin.write(json.dumps(self._search).encode() + b"\n")
        return process

    def _end(self) -> int | None:
        """End the process; its exit code, which is negative if it was killed, None if there is none."""
        with self._change:
            process, self._process = self._process, None
        self._known.clear()
        if process is None:
            return None
        assert process.stdin
        assert process.stdout
        with suppress(OSError):
            process.stdin.close()  # whereupon it ends, unless it has
        process.stdout.close()
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
