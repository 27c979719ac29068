from tasks.reports.make_report_user import make_report_user
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = make_report_user
