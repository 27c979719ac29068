from tasks.tracking.update_organization import update_organization
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = update_organization
