"""Training jobs: one module for each kind, which defines KIND; `base/` holds what several kinds share."""

from arena.kinds.family import Family

FAMILY = Family(
    name="training",
    noun="job",
    plural="jobs",
    component="training",
    listing="arena list",
    submission="arena submit KIND",
)
