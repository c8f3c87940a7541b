"""ClusterRoleBindings."""

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.api.rbac import validation

RULES = Rules(check=validation.check_binding, change=validation.check_change, name=formats.path_segment)
