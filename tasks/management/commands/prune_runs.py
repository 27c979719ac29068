from tasks.housekeeping.prune_runs import prune_runs
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = prune_runs
