"""Evaluations of models: one module for each kind, which defines KIND."""

from arena.kinds.family import Family

FAMILY = Family(
    name="evaluation",
    noun="evaluation",
    plural="evaluations",
    component="training",
    listing="arena evaluate list",
    submission="arena evaluate model",
)
