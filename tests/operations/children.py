"""The processes in which adopted commands run."""

from pathlib import Path


def processes(run_id: object) -> list[Path]:
    """That of a run's command, and those that it has started."""
    return [path for path in Path("/proc").glob("[0-9]*") if _works_for(path, f"PGAPPNAME=upkeep:{run_id}:")]


def _works_for(path: Path, variable: str) -> bool:
    try:
        return variable.encode() in (path / "environ").read_bytes()
    except OSError:
        return False
