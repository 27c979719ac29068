"""Whether this process can serve: asked by docker compose, `make up` and proxies, by any host name and without TLS."""

from collections.abc import Callable

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse


def health_checks(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that answers `/health/live` and `/health/ready` before anything looks at the request's host."""

    def respond(request: HttpRequest) -> HttpResponse:
        look = LOOKS.get(request.path_info)
        if look is None:
            return get_response(request)
        problem = look()
        return HttpResponse(f"{problem or 'ok'}\n", status=503 if problem else 200, content_type="text/plain")

    return respond


def alive() -> str:
    """Nothing: whoever answers is alive."""
    return ""


def unready() -> str:
    """Why the database cannot be used, in one line for whoever asks; empty when it can."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return "the database cannot be used"
    return f"migrations are missing ({len(missing)}): run `manage.py migrate`" if missing else ""


LOOKS: dict[str, Callable[[], str]] = {"/health/live": alive, "/health/ready": unready}
