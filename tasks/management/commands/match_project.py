from tasks.tracking.match_project import match_project
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = match_project
