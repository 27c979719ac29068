from tasks.collection.load_sample_data import load_sample_data
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = load_sample_data
