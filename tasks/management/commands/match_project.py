from backend.operations.command import OperationCommand
from tasks.tracking.match_project import match_project


class Command(OperationCommand):
    operation = match_project
