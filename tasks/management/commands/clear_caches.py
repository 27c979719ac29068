from tasks.tracking.clear_caches import clear_caches
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = clear_caches
