"""What a worker answers when asked, as `celery inspect` and Flower do."""

from typing import Any

from celery.app.utils import filter_hidden_settings
from celery.worker.control import Panel, inspect_command
from kombu.utils.url import maybe_sanitize_url


def register() -> None:
    """Let this worker leave out of `stats` what Celery leaves in: the passwords of further brokers and of sentinels."""
    told = Panel.data["stats"]

    def stats(state: Any, **kwargs: Any) -> dict[str, Any]:
        answer: dict[str, Any] = told(state, **kwargs)
        if isinstance(broker := answer.get("broker"), dict):
            others = [maybe_sanitize_url(url) for url in broker.get("alternates") or ()]
            answer["broker"] = {**filter_hidden_settings(broker), "alternates": others}
        return answer

    inspect_command()(stats)
