from tasks.collection.refresh_missing_details import refresh_missing_details
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = refresh_missing_details
