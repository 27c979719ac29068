from tasks.accounts.make_users import make_users
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = make_users
