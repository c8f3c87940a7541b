"""The operator of GatewayClasses."""

from arena.local.machinery.operator import Operator
from arena.local.operators.gateway.gateway import GatewayClass


def operator() -> Operator:
    """The operator that keeps the status of GatewayClasses."""
    return GatewayClass.operator(owns=())
