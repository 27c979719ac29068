from backend.operations.command import OperationCommand
from tests.operations.dvds import remove_dvds


class Command(OperationCommand):
    operation = remove_dvds
