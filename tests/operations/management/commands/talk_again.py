from tests.operations.adopted import talk_again
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = talk_again
