from tests.operations.dvds import remove_dvds
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = remove_dvds
