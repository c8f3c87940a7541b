"""arena version: show the versions of arena, Python and the platform."""

import platform

import click

from arena._version import VERSION
from arena.commands import _console


@click.command("version")
@click.option("--short", is_flag=True, help="Print only the version number.")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", help="Output format."
)
@click.option("-v", "--verbose", is_flag=True, hidden=True)
def command(short: bool, output: str, verbose: bool) -> None:
    """Show the versions of arena, Python and the platform.

    \b
    arena version
    arena version --short
    """
    facts = {"arena": VERSION, "python": platform.python_version(), "platform": platform.platform()}
    if short:
        _console.line(VERSION)
    elif output != "text":
        from arena.views.encode import encode

        _console.page(encode(facts, output))
    else:
        _console.names(f"{name}: {value}" for name, value in facts.items())
