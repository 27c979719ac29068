"""Flower's pages: what they may load, and over what their cookies go; who starts a run; its way to Redis; its end."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from django.conf import settings
from flower import command, urls
from flower.api.tasks import BaseTaskHandler, TaskSend
from flower.utils import broker
from flower.views import BaseHandler
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from tornado.httputil import HTTPHeaders
from tornado.ioloop import IOLoop
from tornado.web import OutputTransform

from backend.config.guesses import guarded, username
from backend.config.headers import CONTENT_SECURITY_POLICY
from upkeep.worker import receipt

SEND_TASK = r"/api/task/send-task/(.+)"
"""Where Flower sends messages of any name, past the operations; see FLOWER_CONTROL."""
SCRIPTS = ("\nvar autorefresh = 0;\n", "\nvar autorefresh = 1;\n")
"""What stands in Flower 2.2's pages themselves (templates/workers.html)."""
STYLES = ("width: 125px;",)
"""What stands in `style` there (templates/worker.html)."""


def policy() -> str:
    """The web's Content-Security-Policy, and what stands in Flower's pages, by its hashes."""
    scripts = f"script-src 'self' {_hashes(SCRIPTS)};"
    styles = f"style-src 'self' 'unsafe-hashes' {_hashes(STYLES)};"
    return CONTENT_SECURITY_POLICY.replace("script-src 'self';", scripts).replace("style-src 'self';", styles)


class SecurityHeaders(OutputTransform):
    """Adds to every response what the web adds to its own."""

    def transform_first_chunk(
        self,
        status_code: int,
        headers: HTTPHeaders,
        chunk: bytes,
        finishing: bool,  # noqa: FBT001 - Tornado's signature
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Called by Tornado with the headers that it is about to send."""
        headers["Content-Security-Policy"] = policy()
        headers["X-Frame-Options"] = settings.X_FRAME_OPTIONS
        headers["Referrer-Policy"] = settings.SECURE_REFERRER_POLICY
        if settings.SECURE_HSTS_SECONDS:
            headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
        return super().transform_first_chunk(status_code, headers, chunk, finishing)


class RedisSocket(broker.RedisSocket):  # type: ignore[misc]  # Flower has no annotations
    """Flower 2.2's logs in without the user's name, and takes the path as it is quoted in the URL."""

    def __init__(self, broker_url: str, *args: Any, **kwargs: Any) -> None:
        """`redis+socket://user:password@/path`."""
        super().__init__(broker_url, *args, **kwargs)
        self.redis = Redis(
            unix_socket_path="/" + unquote(self.vhost),
            username=self.username,
            password=self.password,
            socket_timeout=self.socket_timeout,
            retry=Retry(NoBackoff(), 0),
        )


def attributed(get_task_args: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Flower's own reading of a request that starts a task, with a header that says who sent it."""

    def read(handler: Any) -> Any:
        args, kwargs, options = get_task_args(handler)
        task_id = options["task_id"] = options.get("task_id") or str(uuid4())
        given = options.get("headers")
        claim = receipt.sent_by(": ".join(filter(None, ("flower", _user(handler)))), str(task_id))
        options["headers"] = {**(given if isinstance(given, dict) else {}), **claim}
        return args, kwargs, options

    return read


def _user(handler: Any) -> str:
    """Who is logged in: by OAuth the e-mail address, else the name of the login; empty when none is asked for."""
    if isinstance(handler.current_user, str):
        return handler.current_user
    return username(handler.request.headers.get("Authorization", "")) if handler.application.options.basic_auth else ""


def stop(*_signal: object) -> None:
    """End Flower at SIGTERM. Its own way raises SystemExit in whatever runs just now, which is logged with a stack."""
    loop = IOLoop.instance()
    loop.asyncio_loop.call_soon_threadsafe(loop.stop)  # type: ignore[attr-defined]  # Tornado's only kind of loop


def secure() -> None:
    """Apply all this to Flower, before its application is made."""
    broker.RedisSocket = RedisSocket
    command.sigterm_handler = stop
    BaseHandler.get_current_user = guarded(BaseHandler.get_current_user)
    BaseTaskHandler.get_task_args = attributed(BaseTaskHandler.get_task_args)
    if "send-task" not in settings.FLOWER_CONTROL:
        urls.handlers.remove((SEND_TASK, TaskSend))
    urls.settings["transforms"] = [SecurityHeaders]
    urls.settings["xsrf_cookie_kwargs"] = {"secure": settings.CSRF_COOKIE_SECURE, "samesite": "Strict"}


def _hashes(texts: tuple[str, ...]) -> str:
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
