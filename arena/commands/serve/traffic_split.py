"""arena serve traffic-split (traffic): split the traffic of a serving between its versions."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _console, _family, _flags
from arena.commands._globals import pass_session
from arena.commands.serve._family import SERVINGS, completed_names
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


def _weights(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, int]:
    """VERSION:WEIGHT or VERSION=WEIGHT, several times."""
    from arena.kinds.validators import shown

    found: dict[str, int] = {}
    for word in value:
        sign = ":" if ":" in word else "="
        version, _, weight = word.rpartition(sign)
        if not version or not (weight.isascii() and weight.isdigit() and len(weight) < 4):
            raise SpecError(
                f"--version-weight: {shown(word)} is no version with its percentage", "write it like -v 2:10"
            )
        if version in found:
            raise SpecError(f'-v: version "{version}" is given twice', "give it once")
        found[version] = int(weight)
    return found


def _versions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    def known(session: "Session") -> list[str]:
        from arena.actions.serving import find

        return [f"{one}:" for one in find.versions(session, str(ctx.params.get("name") or ""))]

    return _complete.found(ctx, known, incomplete)


@click.command("traffic-split")
@click.option(
    "--name",
    required=True,
    metavar="NAME",
    shell_complete=completed_names,
    callback=_flags.validated("subdomain"),
    help="Name of the serving.",
)
@click.option(
    "-v",
    "--version-weight",
    "weights",
    multiple=True,
    required=True,
    metavar="VERSION:PERCENT",
    callback=_weights,
    shell_complete=_versions,
    help="A version and its percentage; all together are 100.  [repeatable]",
)
@_family.kind_option(SERVINGS)
@click.option(
    "--by",
    "system",
    type=click.Choice(["gateway", "istio"]),
    default=None,
    help="What splits the traffic: an HTTPRoute or a VirtualService.  [default: what is served]",
)
@click.option(
    "--gateway",
    default="",
    metavar="[NAMESPACE/]NAME",
    callback=_flags.validated("text"),
    help="Split the requests of this Gateway instead of those inside the cluster.",
)
@click.option("--dry-run", is_flag=True, help="Print the objects and change nothing.")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["yaml", "json"]),
    default=None,
    help="Print the objects in this format.",
)
@pass_session
def command(
    session: "Session", name: str, form: str | None, dry_run: bool, kind: "Kind | None" = None, **how: Any
) -> None:  # fmt: skip
    """Split the traffic of a serving between its versions.

    Requests to the Service NAME go to the versions by weight: by an HTTPRoute of the Gateway API or by a
    VirtualService of Istio, whichever the cluster serves. The revisions of KServe are called latest and
    previous. Versions that are not named get nothing.

    \b
    arena serve traffic-split --name digits -v 1:90 -v 2:10
    arena serve traffic-split --name iris -v latest:10 -v previous:90
    """
    from arena import manifests
    from arena.actions.serving import traffic
    from arena.views import encode

    weights = how.pop("weights")
    traffic.check(weights)
    if not dry_run:
        _console.remark(f"using {session.describe()}")
    made = traffic.split(session, name, weights, kind=kind, dry_run=dry_run, **how)
    if form == "json":
        _console.page(encode.encode({"apiVersion": "v1", "kind": "List", "items": list(made.objects)}, form))
    elif form or dry_run:
        _console.page(manifests.dump(made.objects), nl=False)
    else:
        told = ", ".join(f"{version} {percent}%" for version, percent in made.weights.items())
        _console.line(f"traffic of serving {made.name} split by {made.by}: {told}")
