from backend.operations.command import OperationCommand
from tasks.housekeeping.prune_runs import prune_runs


class Command(OperationCommand):
    operation = prune_runs
