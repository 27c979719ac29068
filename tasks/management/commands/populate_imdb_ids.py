from tasks.collection.populate_imdb_ids import populate_imdb_ids
from upkeep.operations.command import OperationCommand


class Command(OperationCommand):
    operation = populate_imdb_ids
