"""arena completion: print the completion script of a shell."""

import click

from arena.commands import _console


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    In zsh, source it after compinit, or save it as _arena in the first folder of fpath, because zsh has a
    completion for another program named arena. zsh and fish complete aliases of arena by themselves, bash as
    below.

    Names come from the cluster if it answers within a second. A credential plug-in runs only if its
    interactiveMode is Never.

    \b
    source <(arena completion bash)
    alias k=arena; complete -F _arena_completion k
    source <(arena completion zsh)
    arena completion fish > ~/.config/fish/completions/arena.fish
    """
    _console.page(script(shell))


def script(shell: str) -> str:
    """The script for `bash`, `zsh` or `fish`; it asks arena itself for every completion."""
    from arena.commands import _shells

    return {"bash": _shells.BASH, "zsh": _shells.ZSH, "fish": _shells.FISH}[shell]
