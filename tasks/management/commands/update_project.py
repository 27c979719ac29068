from tasks.tracking.update_project import update_project
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = update_project
