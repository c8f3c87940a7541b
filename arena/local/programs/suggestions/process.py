"""The process: `python -m` this module. It reads a JSON object a line and answers, until the input ends.

{"parameters": [...], "objective": {...}, "algorithm": {...}, "seed": 1}  once: the search
{"count": 2, "trials": [{name, assignments, state, value}, ...]}   the trials that are new or have changed
{"suggestions": [[{name, value}, ...], ...], "exhausted": false}   its answer
{"error": "..."}                                                   its last answer
"""

import json
import os
import sys
from typing import Any

from arena.search import katib
from arena.search.assignments import SearchError
from arena.search.records import Objective, Record
from arena.search.search import Search


class Session:
    """The search of one Experiment, and the trials that it knows."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._space = katib.space_of(given["parameters"])
        goal, algorithm = given["objective"], given["algorithm"]
        self._search = Search(
            self._space,
            (Objective(metric=goal["objectiveMetricName"], maximize=goal["type"] == "maximize"),),
            algorithm["algorithmName"],
            {one["name"]: one["value"] for one in algorithm.get("algorithmSettings") or []},
            given["seed"],
        )
        self._records: dict[str, Record] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What to try next."""
        for one in request["trials"]:
            self._records[one["name"]] = self._record(one)
        found = self._search.ask(request["count"], tuple(self._records.values()))
        return {"suggestions": [katib.pairs_of(one) for one in found], "exhausted": self._search.exhausted}

    def _record(self, trial: dict[str, Any]) -> Record:
        assignments = katib.assignments_of(trial["assignments"], self._space.parameters)
        values = () if trial["value"] is None else (float(trial["value"]),)
        return Record(name=trial["name"], assignments=assignments, state=trial["state"], values=values)


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
        try:
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:  # the server has been killed meanwhile
            os._exit(0)
        if "error" in answer:
            return


if __name__ == "__main__":
    os.nice(5)  # the server, and what starts trials, come first
    main()
