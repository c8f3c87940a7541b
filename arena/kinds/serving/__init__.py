"""Servings, which answer requests: one module for each kind, which defines KIND."""

from arena.kinds.family import Family

FAMILY = Family(
    name="serving",
    noun="serving",
    plural="servings",
    component="serving",
    listing="arena serve list",
    submission="arena serve KIND",
)
