from tests.operations.increment_rows import increment_rows
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = increment_rows
