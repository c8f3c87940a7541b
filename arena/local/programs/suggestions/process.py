"""The process: `python -I process.py`. It reads a JSON object a line and answers, until the input ends.

{"parameters": [...], "objective": {...}, "algorithm": {...}}     once: the search, as in an Experiment
{"count": 2, "trials": [{name, assignments, state, value}, ...]}  the trials that are new or have changed
{"suggestions": [[{name, value}, ...], ...], "exhausted": false}  its answer
{"error": "..."}                                                  its last answer
"""

import json
import os
import random
import sys
from typing import Any

# Isolated mode does not know where arena is unless it is installed; appended, so that it shadows nothing.
sys.path.append(os.path.abspath(__file__).rpartition("/arena/local/programs/")[0])

from arena.search import katib, quantiles
from arena.search.assignments import SearchError, key


class Session:
    """The search of one Experiment, and the trials that it knows."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._space = katib.space_of(given["parameters"])
        settings = {one["name"]: one["value"] for one in given["algorithm"].get("algorithmSettings") or []}
        self._random = random.Random(settings.get("random_state"))
        self._tried: set[Any] = set()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What to try next."""
        for one in request["trials"]:
            self._tried.add(key(katib.assignments_of(one["assignments"], self._space.parameters)))
        size = self._space.size()
        found: list[Any] = []
        while len(found) < request["count"] and (size is None or len(self._tried) < size):
            made = self._space.filled(lambda one: quantiles.value_at(one, self._random.random()))
            if key(made) not in self._tried:
                self._tried.add(key(made))
                found.append(katib.pairs_of(made))
        return {"suggestions": found, "exhausted": len(found) < request["count"]}


def main() -> None:
    """Answer until the server ends, or closes its end."""
    session = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if session is None:
                session = Session(request)
                continue
            answer = session.answer(request)
        except SearchError as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        if "error" in answer:
            return


if __name__ == "__main__":
    os.nice(5)  # the server, and what starts trials, come first
    main()
