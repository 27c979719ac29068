from backend.operations.command import OperationCommand
from tasks.collection.refresh_missing_details import refresh_missing_details


class Command(OperationCommand):
    operation = refresh_missing_details
