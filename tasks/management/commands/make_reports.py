from tasks.reports.make_reports import make_reports
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = make_reports
