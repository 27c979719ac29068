"""The turns at one host that all processes share, kept in Redis."""

import logging
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any

import anyio
import anyio.to_thread
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from upkeep.remote.retries import LONGEST_PAUSE

logger = logging.getLogger(__name__)

PREFIX = "upkeep:pace:"

ANSWER_SECONDS = 1.0
"""For connecting and a command together."""

LOCATE_SECONDS = 5.0
"""For the URL, since a server may have to be started first."""

LOOK_AGAIN_SECONDS = 5.0
"""After how long a Redis that could not be used is tried again."""

UNUSABLE = (RedisError, OSError, ValueError, TypeError)
"""The last two come from a URL that redis-py does not understand."""

MICROSECONDS = 1_000_000

# Times are in microseconds by Redis's own clock; what lies in the future comes from before that clock was set back.
NOW = f"""
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state = redis.call('HMGET', KEYS[1], 'last', 'resume')
local last, resume = tonumber(state[1] or 0), tonumber(state[2] or 0)
if last > now then last = 0 end
if resume > now + {LONGEST_PAUSE * MICROSECONDS:.0f} then resume = 0 end
local function set(field, value, wait)
    local keep = math.max(60000 + wait / 1000, redis.call('PTTL', KEYS[1]))
    redis.call('HSET', KEYS[1], field, string.format('%.0f', value))
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', keep))
end
"""

TURN = f"""{NOW}
local interval, credit = tonumber(ARGV[1]), tonumber(ARGV[2])
local wait = math.max(last + interval, resume) - now
if wait > 0 then return wait end
set('last', math.max(last + interval, now - credit), interval)
return 0
"""

PAUSE = f"""{NOW}
set('resume', math.max(resume, now + ARGV[1]), ARGV[1])
"""


class SharedTurns:
    """Gives each turn to one process. While Redis cannot be used, every turn is given, and one warning says so.

    Belongs to one event loop.
    """

    def __init__(self, service: str, host: str, *, redis_url: Callable[[], str]) -> None:
        self._service = service
        self._key = PREFIX + host
        self._redis_url = redis_url
        self._redis: Redis | None = None
        self._one_command = anyio.Lock()
        self._look_again = -inf
        self._is_away = False

    async def take(self, interval: float, credit: float) -> float:
        """Take a turn if it is due, and return 0; else return the seconds until it may be."""
        return await self._run(TURN, interval, credit) / MICROSECONDS

    async def pause(self, seconds: float) -> None:
        """Let no process have a turn for this long, from now; at most `LONGEST_PAUSE`."""
        await self._run(PAUSE, min(seconds, LONGEST_PAUSE))

    async def close(self) -> None:
        """Leave Redis; a turn after this would come back to it."""
        async with self._one_command:
            await self._disconnect()

    async def _run(self, script: str, *seconds: float) -> int:
        async with self._one_command:
            if monotonic() < self._look_again:
                return 0
            try:
                answer = await self._answer(script, [round(each * MICROSECONDS) for each in seconds])
            except UNUSABLE as error:
                await self._give_up(error)
                return 0
            self._is_away = False
            return answer

    async def _answer(self, script: str, arguments: list[int]) -> int:
        redis = self._redis or await self._connection()
        with anyio.fail_after(ANSWER_SECONDS):
            answer: Any = await redis.register_script(script)(keys=[self._key], args=arguments)
        return int(answer or 0)

    async def _connection(self) -> Redis:
        with anyio.fail_after(LOCATE_SECONDS):
            url = await anyio.to_thread.run_sync(self._redis_url, abandon_on_cancel=True)
        # RESP2 is known to every server and proxy, and needs no negotiation.
        self._redis = Redis.from_url(url, retry=Retry(NoBackoff(), 0), protocol=2)
        return self._redis

    async def _give_up(self, error: Exception) -> None:
        self._look_again = monotonic() + LOOK_AGAIN_SECONDS
        await self._disconnect()
        if not self._is_away:
            self._is_away = True
            # The error's own words may hold the password.
            logger.warning(
                "%s: the pace is this process's own until Redis can be used again (%s): check REDIS_URL",
                self._service,
                type(error).__name__,
            )

    async def _disconnect(self) -> None:
        redis, self._redis = self._redis, None
        if redis:
            try:
                await redis.aclose()
            except (RedisError, OSError):
                logger.debug("%s: the connection to Redis was gone", self._service)
