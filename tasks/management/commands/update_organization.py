from backend.operations.command import OperationCommand
from tasks.tracking.update_organization import update_organization


class Command(OperationCommand):
    operation = update_organization
