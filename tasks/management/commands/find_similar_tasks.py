from tasks.search.find_similar_tasks import find_similar_tasks
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = find_similar_tasks
