"""What Redis has for a message, before kombu reads it: RabbitMQ looks at such things itself, Redis keeps any text.

https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.redis.html
"""

import base64
import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from kombu import Connection
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from upkeep.worker import protocol

logger = logging.getLogger(__name__)
Tag = Annotated[str, Field(min_length=1, max_length=255)]


class Strict(BaseModel):
    """Types are as kombu writes them; what else there is, it does not read."""

    model_config = ConfigDict(strict=True, extra="ignore")


class DeliveryInfo(Strict):
    """Where the message was sent."""

    exchange: str
    routing_key: str


class Properties(Strict):
    """Those that kombu reads."""

    delivery_tag: Tag
    delivery_info: DeliveryInfo
    body_encoding: Literal["base64"] | None = None


class Envelope(Strict):
    """A message with what belongs to it."""

    properties: Properties
    headers: dict[str, Any] | None = None
    content_type: str | None = Field(None, alias="content-type")
    content_encoding: str | None = Field(None, alias="content-encoding")
    body: str | None = None

    @field_validator("body")
    @classmethod
    def _is_decodable(cls, body: str | None, info: ValidationInfo) -> str | None:
        properties = info.data.get("properties")
        if body and properties and properties.body_encoding:
            base64.b64decode(body)
        return body


def fault(envelope: object) -> str | None:
    """Why this is not a message, in one line without control characters; None when it is one."""
    if not isinstance(envelope, Mapping):
        return "it is not an object"
    return protocol.fault_by(Envelope, envelope)


def create_transport(connection: Connection) -> Any:
    """A connection's way to its broker, as kombu makes it; one to Redis drops what is not a message."""
    kind = connection.get_transport_cls()
    return (_careful(kind) if kind.driver_type == "redis" else kind)(client=connection)


@lru_cache
def _careful(kind: type[Any]) -> type[Any]:
    class Channel(kind.Channel):  # type: ignore[misc, name-defined]  # kombu has no annotations
        def _brpop_read(self, **options: Any) -> Any:
            self.connection.is_decoded = False
            try:
                return super()._brpop_read(**options)
            except (ValueError, TypeError, RecursionError) as error:
                if self.connection.is_decoded:
                    raise
                logger.warning("a message is dropped: it is not JSON (%s)", type(error).__name__)
                return True

    class Transport(kind):  # type: ignore[misc]
        def _deliver(self, message: Any, queue: str) -> None:
            self.is_decoded = True
            if problem := fault(message):
                logger.warning("a message is dropped: %s", problem)
            else:
                super()._deliver(message, queue)

    Transport.Channel = Channel
    return Transport
