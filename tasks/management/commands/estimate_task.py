from tasks.search.estimate_task import estimate_task
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = estimate_task
