"""Python processes that begin with the libraries imported: forked off one that has them, which spares most of a start.

Before the fork nothing of ours is imported: settings, apps and operations are each process's own. What a test says
about the start itself wants `subprocess`.
"""

import atexit
import ctypes
import gc
import importlib
import inspect
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, AnyStr
from zoneinfo import ZoneInfo, available_timezones

ROOT = Path(__file__).parents[1]
LIBRARIES = [
    *(
        "celery.apps.beat",
        "celery.apps.worker",
        "celery.backends.base",
        "celery.bin.worker",
        "celery.concurrency.prefork",
    ),
    *("celery.fixups.django", "celery.worker.consumer", "click_repl", "cron_descriptor", "cryptography.fernet"),
    *("django.contrib.admin", "django.contrib.auth.password_validation", "django.contrib.postgres.fields"),
    *("django.contrib.postgres.forms", "django.contrib.postgres.operations", "django.contrib.staticfiles.finders"),
    *("django.core.management.commands.makemigrations", "django.core.management.commands.migrate"),
    *("django.db.backends.postgresql.base", "django.middleware.common", "django.test.signals", "django.views.defaults"),
    *("django_celery_beat.tzcrontab", "environ", "httpx2", "kombu.transport.redis", "pgvector.django"),
    *("pgvector.psycopg", "PIL.Image", "prometheus_client", "pydantic.main", "pydantic.types", "re2", "redis.asyncio"),
    *("rich.progress", "tornado.web", "uuid_utils.compat", "whitenoise.middleware"),
]
"""Third parties' modules that most of our processes import, and that need no settings.

Not Flower's: whether those are imported means something, in backend/config/celery.py.
"""
READ_BY_PYTHON = ("PYTHON", "LANG", "LC_")
"""What the variables begin with that Python itself reads when it starts."""
PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
PR_SET_CHILD_SUBREAPER = 36
MAX_BYTES = 200_000
"""Of a request, which is one message."""


class Popen(subprocess.Popen[AnyStr]):
    """`subprocess.Popen`, but a command `[sys.executable, script, …]` or `[sys.executable, "-m", module, …]` is forked.

    That process, too, is a child of this one, with its arguments, variables, folder and streams.
    """

    def _execute_child(self, *given: Any) -> None:
        call = inspect.signature(super()._execute_child).bind(*given).arguments  # type: ignore[misc]
        words, environment = (
            [os.fspath(word) for word in call["args"]],
            dict(os.environ if call["env"] is None else call["env"]),
        )
        if not _is_possible(words, environment):
            super()._execute_child(*given)  # type: ignore[misc]
            return
        ends = [call[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        streams = [standard if end == -1 else end for standard, end in enumerate(ends)]
        self.pid = fork(words[1:], environment, call["cwd"] or ".", streams, new_session=call["start_new_session"])
        self._child_created = True
        self._close_pipe_fds(*(call[name] for name in PIPES))  # type: ignore[attr-defined]


def run(
    words: Sequence[str], environment: Mapping[str, str], folder: Path = ROOT, *, seconds: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """What Python with these words did, which has nothing to read. Raises TimeoutExpired."""
    command, pipe, nothing = [sys.executable, *words], subprocess.PIPE, subprocess.DEVNULL
    with Popen(command, cwd=folder, env=environment, stdin=nothing, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        finally:
            process.kill()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _is_possible(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    program, first, *_ = [*command, ""]
    is_ours = program == sys.executable and (first == "-m" or not first.startswith("-"))
    return sys.platform == "linux" and is_ours and _read_by_python(environment) == _read_by_python(os.environ)


def _read_by_python(environment: Mapping[str, str]) -> dict[str, str]:
    named = {name: value for name, value in environment.items() if name.startswith(READ_BY_PYTHON)}
    return {name: value for name, value in named.items() if value and name != "PYTHONPATH"}


def fork(
    words: Sequence[str],
    environment: Mapping[str, str],
    folder: Path | str,
    streams: Sequence[int | None],
    *,
    new_session: bool = False,
) -> int:
    """The number of a new child: Python with these words, which are a script, or `-m` and a module, and its arguments.

    `streams` become its stdin, stdout and stderr, of which None is closed; a terminal becomes that of the new session.
    """
    request = {"words": list(words), "environment": dict(environment), "new_session": new_session}
    request |= {"folder": str(Path(folder).resolve()), "is_open": [stream is not None for stream in streams]}
    warm, prctl = _warm(), ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what is orphaned below this process becomes its child
    try:
        socket.send_fds(warm, [json.dumps(request).encode()], [stream for stream in streams if stream is not None])
        return int(warm.recv(MAX_BYTES))
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@cache
def _warm() -> socket.socket:
    """The connection to the process that has the libraries, and ends with this one."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    unset = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    with there:
        number = there.fileno()
        command = [sys.executable, "-m", __name__, str(number)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[number])

    def end() -> None:
        here.close()
        process.wait()

    atexit.register(end)
    return here


def serve(connection: socket.socket) -> dict[str, Any]:
    """Fork for each request, until there are no more. Returns in new processes only: what they are to become."""
    while True:
        message, streams, _, _ = socket.recv_fds(connection, MAX_BYTES, 3)
        if not message:
            raise SystemExit
        pid = _orphan()
        if not pid:
            break
        for stream in streams:
            os.close(stream)
        connection.send(str(pid).encode())
    connection.detach()
    request: dict[str, Any] = json.loads(message)
    given = iter(streams)
    for standard, is_open in enumerate(request["is_open"]):
        if is_open:
            os.dup2(next(given), standard)
        else:
            os.close(standard)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    return request


def _orphan() -> int:
    """As os.fork(), but the new process has no parent any more."""
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a thread would be missing in the new process"
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        parent, pid = os.getpid(), os.fork()
        if not pid:
            while os.getppid() == parent:
                os.sched_yield()
            return 0
        os.write(writing, str(pid).encode())
        os._exit(0)
    os.waitpid(child, 0)
    pid = int(os.read(reading, 20))
    os.close(reading)
    os.close(writing)
    return pid


def become(
    words: list[str], environment: dict[str, str], folder: str, is_open: list[bool], *, new_session: bool
) -> None:
    """Do what Python does when it is started like this."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if new_session and os.isatty(0):
        os.login_tty(0)
    elif new_session:
        os.setsid()
    for standard, name in enumerate(("stdin", "stdout", "stderr")):
        old, mode, buffering = getattr(sys, name), "w" if standard else "r", 1 if standard == 2 else -1
        stream = None
        if is_open[standard]:
            stream = open(standard, mode, buffering, old.encoding, old.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    path = [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part]
    sys.path[:1] = [folder, *path]
    importlib.invalidate_caches()
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path[0] = str(Path(words[0]).parent.resolve())
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the new processes alone
    for library in LIBRARIES:
        importlib.import_module(library)
    importlib.import_module("pydantic").create_model("Model")  # the first one takes longer
    zones = [ZoneInfo(name) for name in available_timezones()]  # a choice of zones in a model reads them all
    gc.collect()
    gc.freeze()
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    become(**request)
