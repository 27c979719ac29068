from backend.operations.command import OperationCommand
from tasks.tracking.explain_work_entry import explain_work_entry


class Command(OperationCommand):
    operation = explain_work_entry
