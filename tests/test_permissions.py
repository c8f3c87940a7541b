"""The documented roles are those that commands need.

ARENA_REGENERATE=1 writes them into docs/clusters.md anew.
"""

import os
import re
from collections.abc import Iterator

import click
import permissions
import yaml
from pages import ROOT
from right_lines import LINES

from arena import kinds
from arena.actions.usages import USAGES
from arena.cli import root

PAGE = ROOT / "docs" / "clusters.md"
FREE = {"completion", "version", "whoami", "config trust", "config view", "serve engines install"}
"""Commands that ask for nothing but what everybody may, and for the settings of the administrator."""


def test_the_page_is_up_to_date() -> None:
    """docs/clusters.md has the roles that follow from the table."""
    text = PAGE.read_text("utf-8")
    pattern = f"{permissions.BEGIN}.*{permissions.END}\n"
    fresh = re.sub(pattern, lambda _: permissions.page(), text, flags=re.DOTALL)
    if os.environ.get("ARENA_REGENERATE"):
        PAGE.write_text(fresh, "utf-8")
    assert PAGE.read_text("utf-8") == fresh, "ARENA_REGENERATE=1 writes it anew"


def test_roles_are_yaml() -> None:
    """Every manifest of the page can be read, and grants no verb of everything."""
    texts = re.findall("```yaml\n(.*?)```", permissions.page(), re.DOTALL)
    found = [one for text in texts for one in yaml.safe_load_all(text)]
    assert [one["kind"] for one in found] == ["Role", "Role", "Role", "ClusterRole", "Role", "RoleBinding"]
    for rule in (rule for one in found for rule in one.get("rules", ())):
        assert rule["verbs"]
        assert "*" not in str(rule)


def test_every_command_has_its_rights() -> None:
    """A command that talks to a cluster is in the table of rights, and has lines that check them."""
    names = {re.sub(" -.*| JOB$", "", one.command) for one in USAGES}
    missing = [
        path
        for path in leaves(root)
        if path not in names | FREE and not path.startswith("local ") and kind_of(path) not in names
    ]
    assert not missing
    assert set(LINES) == {one.command for one in USAGES}


def kind_of(path: str) -> str:
    """`submit`, `cron KIND` or the like for the command of a kind of job."""
    group, _, word = path.rpartition(" ")
    known = word in {kind.name for kind in kinds.all_kinds()}
    named = {one: f"{one} KIND" for one in ("cron", "serve", "sweep submit")}
    return named.get(group, group) if known else ""


def leaves(command: click.Command, path: str = "") -> Iterator[str]:
    """The commands that are no groups."""
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        if (one := command.get_command(context, name)) is not None:
            yield from leaves(one, f"{path} {name}".strip())
