from tasks.reports.clear_reports import clear_reports
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = clear_reports
