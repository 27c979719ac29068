from tests.operations.adopted import talk_when_told
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = talk_when_told
