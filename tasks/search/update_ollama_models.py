from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from upkeep.operations import Params, RunContext, operation
from upkeep.remote.errors import RemoteError


class UpdateOllamaModels(Params):
    """It needs to know nothing."""


def _wanted() -> list[str]:
    """The models of the settings, as Ollama lists them."""
    from backend.search.ollama import full_name  # noqa: PLC0415 - most processes ask nobody: no HTTP client for them

    named = (settings.OLLAMA_EMBEDDING_MODEL, settings.OLLAMA_CHAT_MODEL)
    return list(dict.fromkeys(full_name(model) for model in named if model.strip()))


def _names_a_model(_params: UpdateOllamaModels) -> None:
    """Raise ImproperlyConfigured when the settings name none."""
    if not _wanted():
        raise ImproperlyConfigured("set OLLAMA_EMBEDDING_MODEL or OLLAMA_CHAT_MODEL to a model that Ollama can pull")


@operation(
    "search.update_ollama_models",
    exclusive="ollama",
    errors=(RemoteError,),
    configured=_names_a_model,
    examples=(("--dry-run", "Show which models Ollama lacks."), ("", "Let it download them.")),
)
def update_ollama_models(params: UpdateOllamaModels, run: RunContext) -> None:  # noqa: ARG001 - there are none
    """Let Ollama download the models of the settings that it lacks; run again, it continues where it stopped.

    Progress is counted in megabytes, with a step for each layer of a model.
    """
    from backend.search import ollama  # noqa: PLC0415 - as above

    known = ollama.digests()
    missing = [model for model in _wanted() if model not in known]
    for model in missing if not run.dry_run else ():
        with ollama.pulling(model) as pull:
            for layer in pull.layers():
                with run.step(f"{model}, MB of {layer}") as step:
                    for _megabytes in step.batches(layer):
                        pass
        run.log(f"Ollama has {model} now")
    done = "would be pulled" if run.dry_run else "pulled"
    run.report(f"{', '.join(missing) or 'nothing'} {done}; Ollama has {len(known):,} others", pulled=missing)
