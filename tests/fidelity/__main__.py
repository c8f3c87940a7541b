"""Compare the embedded server with a judge."""

import argparse
import json
import sys
from collections import Counter, defaultdict
from itertools import chain

from fidelity import commands, corpus, recording, servers
from fidelity.comparison import Accepted, Difference, accepted, differences

SHOWN = 3


def main() -> int:
    """Compare, and print the differences; 1 if one has no accepted reason, 2 without a judge."""
    options = _options()
    groups = tuple(options.groups) or corpus.GROUPS
    tally: Counter[str] = Counter()
    known = accepted()
    found: dict[str, list[Difference]] = defaultdict(list)
    used: Counter[Accepted] = Counter()
    second = servers.embedded if options.self else servers.judge
    try:
        with servers.embedded() as ours, second() as theirs:
            if options.record:
                print(f"{recording.write(ours, theirs)} verdicts are recorded in {recording.FILE.name}")
                return 0
            cases = corpus.cases(groups, options.seed, options.mutations)
            differing = differences(ours, theirs, cases, tally)
            if "kubectl" in groups:
                differing = chain(differing, commands.differences(ours, theirs, tally))
            for one in differing:
                if rest := one.unexplained(known, used):
                    found["; ".join(rest)].append(one)
    except servers.NoJudge as error:
        print(error, file=sys.stderr)
        return 2
    _print(found, used, tally, options.verbose)
    return 1 if found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fidelity", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of the corpus: {', '.join(corpus.GROUPS)}")
    parser.add_argument("--seed", type=int, default=1, help="of mutations and constraints (default 1)")
    parser.add_argument("--mutations", type=int, default=2700, metavar="N", help="how many (default 2700)")
    parser.add_argument("--record", action="store_true", help="record verdicts for the tests, and end")
    parser.add_argument("--self", action="store_true", help="compare with a second embedded server")
    parser.add_argument("--verbose", action="store_true", help="show requests and messages")
    return parser.parse_args()


def _print(
    found: dict[str, list[Difference]], used: Counter[Accepted], tally: Counter[str], verbose: bool
) -> None:
    for what, ones in sorted(found.items(), key=lambda pair: -len(pair[1])):
        print(f"{len(ones):5}  {what}")
        for one in ones[:SHOWN]:
            print(f"         {one.case.name} [{one.step}] {one.ask.method} {one.ask.path[-90:]}")
            if verbose:
                _show(one)
    print()
    for one, count in used.most_common():
        print(f"{count:5}  accepted: {one.why}")
    total, different = sum(tally.values()), sum(map(len, found.values()))
    equal = 100 - 100 * different / max(total, 1)
    print(f"\n{', '.join(f'{count} of {name}' for name, count in tally.items())}")
    print(f"{total} requests, {different} different without an accepted reason: {equal:.2f} % equal")


def _show(one: Difference) -> None:
    for title, body in zip(("ours", "theirs"), one.answers, strict=True):
        text = body.get("message", "") if isinstance(body, dict) else str(body)
        print(f"           {title}: {str(text)[:400]}")
    body = one.ask.body if isinstance(one.ask.body, bytes) else json.dumps(one.ask.body)
    print(f"           {str(body)[:1500]}")


if __name__ == "__main__":
    sys.exit(main())
