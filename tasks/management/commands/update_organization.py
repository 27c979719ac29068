from tasks.tracking.update_organization import update_organization
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = update_organization
