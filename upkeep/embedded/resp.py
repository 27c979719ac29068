"""As much of Redis's protocol as it takes to recognize our server.

https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

import socket

TIMEOUT = 2.0
"""Seconds."""
RECOGNIZED = b"+OK\r\n+PONG\r\n"


def answers(port: int, password: str) -> bool:
    """Whether a server on this loopback port takes our password and is ready for commands."""
    try:
        with socket.socket() as client:
            client.settimeout(TIMEOUT)
            client.connect(("127.0.0.1", port))
            client.sendall(_command("AUTH", password) + _command("PING"))
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
