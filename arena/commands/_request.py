"""Command lines that submit: the request, and what to print of its result."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from arena.errors import SpecError
from arena.kinds.spec import options
from arena.values import frozen

if TYPE_CHECKING:
    import click

    from arena.actions.submit.request import Request
    from arena.kinds.kind import Kind


@frozen
class Output:
    """What to print of a submit, and whether to wait for what becomes of it."""

    dry_run: str | None = None
    """`client`, `server`, or None to submit."""
    check: bool = False
    """Whether to submit only what would start now."""
    form: str | None = None
    stays: bool = False
    """Whether to wait for what was submitted."""
    logs: bool = False
    patience: int | None = None
    """Seconds after which to give up waiting."""

    def __post_init__(self) -> None:
        if self.dry_run not in (None, "client", "server"):
            raise SpecError(
                f'--dry-run: "{self.dry_run}" is neither client nor server',
                "write --dry-run or --dry-run=server",
            )
        if self.check and self.dry_run:
            raise SpecError(
                "--check has no meaning with --dry-run", "ask with arena fit, or omit one of them"
            )

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> "Output":
        """The output that the flags request; other flags are ignored."""
        return cls(**{one.name: flags[one.name] for one in fields(cls) if one.name in flags})


def parsed(ctx: "click.Context", kind: "Kind", without: Collection[str] = ()) -> "tuple[Request, Output]":
    """Return the request of a command line with the options of a kind, and its output.

    Args:
        without: options of the kind whose names the command uses for its own.
    """
    from arena.actions.submit.request import Request, load
    from arena.commands._spec import given

    of_kind = {one.name for one in options(kind.spec)}
    # If a kind has an option of the same name, it takes precedence.
    flags = {name: value for name, value in ctx.params.items() if name not in of_kind}
    output = Output.of(flags)
    request = Request(
        kind=kind,
        given={name: value for name, value in given(ctx, kind.spec).items() if name not in without},
        file=load(flags["file"], kind) if flags.get("file") else {},
        template=flags.get("template"),
        patch=flags.get("patch"),
        replace=flags.get("replace", False),
    )
    return request, output
