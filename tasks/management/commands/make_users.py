from backend.operations.command import OperationCommand
from tasks.accounts.make_users import make_users


class Command(OperationCommand):
    operation = make_users
