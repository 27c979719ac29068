"""As much of Redis's protocol as it takes to recognize our server.

https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

import socket
from pathlib import Path

TIMEOUT = 2.0
"""Seconds."""
RECOGNIZED = b"+OK\r\n+PONG\r\n"


def answers(path: Path, user: str, password: str) -> bool:
    """Whether a server on this Unix socket takes our login and is ready for commands."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(TIMEOUT)
            client.connect(str(path))
            client.sendall(_command("AUTH", user, password) + _command("PING"))
            return _reply(client) == RECOGNIZED
    except OSError:
        return False


def _command(*words: str) -> bytes:
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(word)}\r\n{word}\r\n".encode() for word in words)


def _reply(client: socket.socket) -> bytes:
    reply = b""
    while RECOGNIZED.startswith(reply) and reply != RECOGNIZED and (received := client.recv(len(RECOGNIZED))):
        reply += received
    return reply
