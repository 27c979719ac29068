from backend.operations.command import OperationCommand
from tasks.tracking.clear_caches import clear_caches


class Command(OperationCommand):
    operation = clear_caches
