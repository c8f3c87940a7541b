"""Groups whose commands have the short names that people know from the root, and know what was meant."""

import click

ALIASES = {"ls": "list", "del": "delete"}


def list_verbs(group: click.Group, formatter: click.HelpFormatter) -> None:
    """Write the section of a group's help that names its own commands, with their short names."""
    short = {name: alias for alias, name in ALIASES.items()}
    rows = [
        (f"{name}, {short[name]}" if name in short else name, one.get_short_help_str(100))
        for name, one in sorted(group.commands.items())
    ]
    with formatter.section("Commands"):
        formatter.write_dl(rows)


class Aliased(click.Group):
    """A group in which `ls` means `list`, `del` means `delete`, and a misspelt command gets a suggestion."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name or alias."""
        name = ALIASES.get(cmd_name, cmd_name)
        found = super().get_command(ctx, name)
        if found is None and not ctx.resilient_parsing:
            raise click.UsageError(f'{self.name} has no command "{cmd_name}"; {self._guess(name)}', ctx)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their short names."""
        list_verbs(self, formatter)

    def _guess(self, name: str) -> str:
        from difflib import get_close_matches

        close = get_close_matches(name, self.commands, 1)
        return f"did you mean {close[0]}?" if close else f"it has {', '.join(sorted(self.commands))}"
