from backend.operations.command import OperationCommand
from tasks.tracking.update_project import update_project


class Command(OperationCommand):
    operation = update_project
