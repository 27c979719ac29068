from backend.operations.command import OperationCommand
from tests.acceptance.testing.increment_parts import increment_parts


class Command(OperationCommand):
    operation = increment_parts
