from backend.operations.command import OperationCommand
from tasks.tracking.make_demo_organization import make_demo_organization


class Command(OperationCommand):
    operation = make_demo_organization
