from backend.operations.command import OperationCommand
from tests.acceptance.testing.kill_itself import kill_itself


class Command(OperationCommand):
    operation = kill_itself
