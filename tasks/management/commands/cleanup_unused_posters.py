from backend.operations.command import OperationCommand
from tasks.collection.cleanup_unused_posters import cleanup_unused_posters


class Command(OperationCommand):
    operation = cleanup_unused_posters
