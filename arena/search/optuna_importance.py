"""Optuna's PED-ANOVA: which parameters the best tenth of all trials differs in from the rest."""

from collections.abc import Mapping, Sequence

from arena.search.assignments import Value
from arena.search.optuna_samplers import encoded, optuna_distributions, quiet
from arena.search.space import Space


def ped_anova(
    space: Space, combinations: Sequence[Mapping[str, Value]], costs: Sequence[float]
) -> dict[str, float]:
    """The importance of each parameter that is not fixed, with a sum of 1.

    Args:
        space: of the parameters.
        combinations: the typed values of each trial.
        costs: the result of each, the less, the better.
    """
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    distributions = optuna_distributions(space)
    with quiet():
        study = optuna.create_study()
        for values, cost in zip(combinations, costs, strict=True):
            chosen = {name: one for name, one in distributions.items() if name in values}
            params = {name: encoded(space.parameter(name), values[name]) for name in chosen}
            study.add_trial(optuna.create_trial(params=params, distributions=chosen, value=cost))
        return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
