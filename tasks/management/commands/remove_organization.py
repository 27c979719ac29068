from backend.operations.command import OperationCommand
from tasks.tracking.remove_organization import remove_organization


class Command(OperationCommand):
    operation = remove_organization
