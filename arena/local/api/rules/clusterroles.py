"""ClusterRoles."""

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.api.rbac import validation

RULES = Rules(check=validation.check_role, name=formats.path_segment)
