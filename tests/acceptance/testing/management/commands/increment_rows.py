from backend.operations.command import OperationCommand
from tests.acceptance.testing.increment_rows import increment_rows


class Command(OperationCommand):
    operation = increment_rows
