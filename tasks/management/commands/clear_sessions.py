from tasks.housekeeping.clear_sessions import clear_sessions
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = clear_sessions
