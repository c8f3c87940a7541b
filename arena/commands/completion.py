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
    click.echo(script(shell, click.get_current_context().find_root().command))


def script(shell: str, root: click.Command) -> str:
    """The script for `bash`, `zsh` or `fish`; it asks arena itself for every completion."""
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"no completion for {shell}")
    # click's bash class would run bash to learn its version; the source needs no check.
    made = completion(root, {}, "arena", "_ARENA_COMPLETE")
    return (made.source_template % made.source_vars()).strip()
