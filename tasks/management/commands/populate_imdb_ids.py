from backend.operations.command import OperationCommand
from tasks.collection.populate_imdb_ids import populate_imdb_ids


class Command(OperationCommand):
    operation = populate_imdb_ids
