"""arena completion: the script that makes TAB complete arena's commands, flags and names."""

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    In zsh source it after compinit, or keep it as _arena in a folder that is the first of fpath: zsh itself
    knows another arena, a browser.

    \b
    source <(arena completion bash)
    source <(arena completion zsh)
    arena completion fish > ~/.config/fish/completions/arena.fish
    """
    click.echo(script(shell))


def script(shell: str) -> str:
    """The script for `bash`, `zsh` or `fish`; it asks arena itself for every completion."""
    from arena.commands import _shells

    return {"bash": _shells.BASH, "zsh": _shells.ZSH, "fish": _shells.FISH}[shell]
