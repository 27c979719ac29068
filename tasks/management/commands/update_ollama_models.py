from tasks.search.update_ollama_models import update_ollama_models
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = update_ollama_models
