from tests.operations.kill_itself import kill_itself
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = kill_itself
