from tests.operations.dvds import add_one
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = add_one
