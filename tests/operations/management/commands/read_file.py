from tests.operations.dvds import read_file
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = read_file
