from backend.operations.command import OperationCommand
from tasks.collection.load_sample_data import load_sample_data


class Command(OperationCommand):
    operation = load_sample_data
