from backend.operations.command import OperationCommand
from tests.operations.dvds import read_file


class Command(OperationCommand):
    operation = read_file
