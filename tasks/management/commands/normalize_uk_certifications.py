from tasks.collection.normalize_uk_certifications import normalize_uk_certifications
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = normalize_uk_certifications
