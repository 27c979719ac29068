from tasks.tracking.make_demo_organization import make_demo_organization
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = make_demo_organization
