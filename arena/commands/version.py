"""arena version: the version of arena and of what it runs on."""

import platform

import click

from arena._version import VERSION


@click.command("version")
@click.option("--short", is_flag=True, help="The number alone.")
@click.option("-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", help="Format.")
@click.option("-v", "--verbose", is_flag=True, hidden=True)
def command(short: bool, output: str, verbose: bool) -> None:
    """Show the version of arena and of what it runs on.

    \b
    arena version
    arena version --short
    """
    facts = {"arena": VERSION, "python": platform.python_version(), "platform": platform.platform()}
    if short:
        click.echo(VERSION)
    elif output != "text":
        from arena.views.encode import encode

        click.echo(encode(facts, output))
    else:
        click.echo("\n".join(f"{name}: {value}" for name, value in facts.items()))
