from tasks.collection.import_dvds import import_dvds
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = import_dvds
