from backend.operations.command import OperationCommand
from tasks.collection.normalize_uk_certifications import normalize_uk_certifications


class Command(OperationCommand):
    operation = normalize_uk_certifications
