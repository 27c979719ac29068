from tasks.search.update_search import update_search
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = update_search
