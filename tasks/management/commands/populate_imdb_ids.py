from tasks.collection.populate_imdb_ids import populate_imdb_ids
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = populate_imdb_ids
