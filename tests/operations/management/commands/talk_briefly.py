from tests.operations.adopted import talk_briefly
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = talk_briefly
