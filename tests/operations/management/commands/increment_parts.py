from tests.operations.increment_parts import increment_parts
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = increment_parts
