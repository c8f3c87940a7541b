"""Groups whose commands have the short names that people know from the root."""

import click

ALIASES = {"ls": "list", "del": "delete"}


class Aliased(click.Group):
    """A group in which `ls` means `list`, and `del` means `delete`."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name or alias."""
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))
