"""arena completion: the script that makes TAB complete arena's commands, flags and names."""

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    source <(arena completion bash)
    arena completion zsh > ~/.zfunc/_arena
    arena completion fish > ~/.config/fish/completions/arena.fish
    """
    click.echo(script(shell))


def script(shell: str) -> str:
    """The script for `bash`, `zsh` or `fish`; it asks arena itself for every completion."""
    from arena.commands import _shells

    return {"bash": _shells.BASH, "zsh": _shells.ZSH, "fish": _shells.FISH}[shell]
