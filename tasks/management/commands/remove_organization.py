from tasks.tracking.remove_organization import remove_organization
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = remove_organization
