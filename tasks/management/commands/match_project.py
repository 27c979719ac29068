from tasks.tracking.match_project import match_project
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = match_project
