"""Where `generate_command` writes in this repository, and what registers a new domain."""

import re
from collections.abc import Mapping
from pathlib import Path

from django.apps import AppConfig, apps

from upkeep.generator import layout
from upkeep.operations.errors import InvalidParamsError

ROOT = Path(__file__).resolve().parents[2]
OTHER = "tracking"
"""A domain that has all contracts: new ones are named beside it."""
CONTRACT = """
[[tool.importlinter.contracts]]
name = "Inside {app}: models and connectors, kernel"
type = "layers"
layers = ["backend.{app}.models | (backend.{app}.connectors)", "(backend.{app}.kernel)"]
"""


class Layout(layout.Layout):
    """Domains are packages of `backend`; their operations, commands and tests are in `tasks` and `tests`."""

    def __init__(self, root: Path = ROOT) -> None:
        super().__init__(root)

    def config(self, app: str) -> AppConfig | None:
        """The domain of this name. Raises InvalidParamsError when an app of another kind has it as its label."""
        config = apps.app_configs.get(app)
        if config and config.name != self.package(app):
            raise InvalidParamsError(f"APP {app!r} is taken: {config.name} is not a domain")
        return config

    def package(self, app: str) -> str:
        """The package of a domain."""
        return f"backend.{app}"

    def operation(self, app: str, name: str) -> str:
        """The module of the operation."""
        return f"tasks.{app}.{name}"

    def shim(self, app: str, name: str) -> str:  # noqa: ARG002 - one folder for all
        """The module of the command."""
        return f"tasks.management.commands.{name}"

    def test(self, app: str, name: str) -> str:
        """The module of the tests."""
        return f"tests.integration.{app}.test_{name}"

    def test_command(self, module: str) -> str:
        """What runs the tests of this module."""
        return f".venv/bin/python -m pytest {self.path(module).relative_to(self.root)}"

    def edits(self, app: str) -> Mapping[Path, str]:
        """The settings and the import contracts with a new domain."""
        settings, contracts = self.path("backend.config.settings"), self.root / "pyproject.toml"
        installed = layout.registered(settings.read_text(encoding="utf-8"), self.package(app))
        return {settings: str(installed), contracts: with_contracts(contracts.read_text(encoding="utf-8"), app)}


def with_contracts(pyproject: str, app: str) -> str:
    """The import contracts with a new domain: those of all domains, and one of its own."""

    def beside(found: re.Match[str]) -> str:
        between = f",\n{found['indent']}" if found["indent"] else ", "
        return f'{found[0]}{between}"backend.{app}{found["rest"] or ""}"'

    heading = "[[tool.importlinter.contracts]]"
    listed = re.compile(rf'(?P<indent>^ +)?"backend\.{OTHER}(?P<rest>(\.\*\*)? -> [^"]*)?"', re.MULTILINE)
    first, *contracts = pyproject.split(heading)
    common = [text if 'type = "layers"' in text else listed.sub(beside, text) for text in contracts]
    return heading.join([first, *common]).rstrip("\n") + "\n" + CONTRACT.format(app=app)
