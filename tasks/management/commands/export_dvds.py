from tasks.collection.export_dvds import export_dvds
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = export_dvds
