from upkeep.generator.templates.base_operation import verb_object
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = verb_object
