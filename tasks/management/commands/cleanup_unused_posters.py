from tasks.collection.cleanup_unused_posters import cleanup_unused_posters
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = cleanup_unused_posters
