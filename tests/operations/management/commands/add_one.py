from backend.operations.command import OperationCommand
from tests.operations.dvds import add_one


class Command(OperationCommand):
    operation = add_one
