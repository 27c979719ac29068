from tasks.tracking.explain_work_entry import explain_work_entry
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = explain_work_entry
