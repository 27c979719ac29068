"""Files that a run is given: by path in the foreground; for a worker, encrypted in the database until the run ends.

And files that it writes, in the foreground alone.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from upkeep.operations.errors import InvalidParamsError, OperationError
from upkeep.operations.models import RunFile
from upkeep.operations.params import Params

MAX_STORED_BYTES = 16 * 1024 * 1024


class InputFile(BaseModel):
    """A file by its content's SHA-256; `path` only where the run can read it from there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    path: Path | None = None

    @classmethod
    def at(cls, path: str) -> Self:
        """The file at `path`. Raises OperationError when it cannot be read."""
        with _naming(path), _opened_path(Path(path)) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(name=Path(path).name, sha256=digest, path=Path(path).absolute())


class OutputFile(BaseModel):
    """A file that a run in the foreground writes: only a person at this machine may name it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path

    @classmethod
    def at(cls, path: str) -> Self:
        """The file at `path`, which need not be there."""
        return cls(path=Path(path).absolute())


def created(file: OutputFile) -> IO[str]:
    """The file, empty, for text in UTF-8 with the line ends that it is given. Raises OperationError."""
    with _naming(file.path):
        return file.path.open("w", encoding="utf-8", newline="")


def opened(run_id: UUID, file: InputFile) -> IO[bytes]:
    """The content, seekable. Raises OperationError when it is gone, or not what the run was started with."""
    with _naming(file.path or file.name):
        content = _opened_path(file.path) if file.path else BytesIO(_stored(run_id, file))
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if digest != file.sha256:
        content.close()
        raise OperationError(f"{file.name} changed since the run was started: start a new one")
    content.seek(0)
    return content


def check_stored(params: Params) -> None:
    """Raise InvalidParamsError for a path that came from outside: only a person at this machine may name its files."""
    for name, file in _files(params):
        if file.path is not None:
            raise InvalidParamsError(f"{name}: a path is read in the foreground only; send the content instead")
    _check_writable(params)


def are_named(params: Params) -> bool:
    """Whether there are files to be stored."""
    return any(file.path for _, file in _files(params))


def store(run_id: UUID, params: Params) -> Params:
    """The params with the content of their files stored, encrypted, for this run.

    Raises:
        InvalidParamsError: a file would be written.
        OperationError: a file cannot be read, or is larger than 16 MB.
    """
    _check_writable(params)
    stored = {name: _store(run_id, file, file.path) for name, file in _files(params) if file.path}
    return params.model_copy(update=stored) if stored else params


def _check_writable(params: Params) -> None:
    for name, value in params:
        if isinstance(value, OutputFile):
            raise InvalidParamsError(f"{name}: a file is written in the foreground only, not by a worker")


def _files(params: Params) -> list[tuple[str, InputFile]]:
    return [(name, value) for name, value in params if isinstance(value, InputFile)]


def _store(run_id: UUID, file: InputFile, path: Path) -> InputFile:
    with _naming(path), _opened_path(path) as opened_file:
        content = opened_file.read(MAX_STORED_BYTES + 1)
    if len(content) > MAX_STORED_BYTES:
        raise OperationError(f"{file.name} is larger than the 16 MB that a worker takes: run it here instead")
    from upkeep.operations import encryption  # noqa: PLC0415 - needs cryptography, which few processes need

    stored = {"content": encryption.encrypted(content)}
    RunFile.objects.get_or_create(run_id=run_id, sha256=file.sha256, defaults=stored)
    return file.model_copy(update={"path": None})


def _opened_path(path: Path) -> BufferedReader:
    mode = path.stat().st_mode
    if not (S_ISREG(mode) or S_ISDIR(mode)):  # it could be read once, if it ever ends
        raise OperationError(f"{path} is a pipe or a device, not a file: write it to a file first")
    return path.open("rb")


@contextmanager
def _naming(path: Path | str) -> Iterator[None]:
    """Raise OperationError with the path for what the system says of the file."""
    try:
        yield
    except OSError as error:
        raise OperationError(f"{path}: {error.strerror or error}") from None
    except ValueError:  # each Python has its own words for it
        raise OperationError(f"{str(path)!r} is not the path of a file: it holds a NUL character") from None


def _stored(run_id: UUID, file: InputFile) -> bytes:
    row = RunFile.objects.filter(run=run_id, sha256=file.sha256).first()
    if row is None:
        raise OperationError(f"{file.name} was deleted when the run ended: start a new run with it")
    from upkeep.operations import encryption  # noqa: PLC0415 - as above

    return encryption.decrypted(bytes(row.content), what=file.name)
