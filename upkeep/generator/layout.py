"""Where the pieces of a new operation go, and what registers a new app."""

import ast
import os
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import ENVIRONMENT_VARIABLE

from upkeep.operations.errors import InvalidParamsError


class Layout:
    """Each app has a folder of its own. A project that keeps its operations elsewhere has a subclass of its own."""

    def __init__(self, root: Path | None = None) -> None:
        """`root` is the folder from which the project is imported: that of the settings, if it is not given."""
        self.root = root or _root()

    def config(self, app: str) -> AppConfig | None:
        """The installed app of this label. Raises InvalidParamsError when it is not the project's own."""
        config = apps.app_configs.get(app)
        if config and self.path(config.name).with_suffix("").resolve() != Path(config.path).resolve():
            raise InvalidParamsError(f"APP {app!r} is taken: {config.name} is not an app of this project")
        return config

    def similar(self, app: str) -> str | None:
        """The installed app of this project whose label is most like the one of a new app, if any is."""
        return next((label for label in get_close_matches(app, apps.app_configs, cutoff=0.8) if self._has(label)), None)

    def package(self, app: str) -> str:
        """The package of the app with this label, or that of a new one."""
        config = self.config(app)
        return config.name if config else app

    def operation(self, app: str, name: str) -> str:
        """The module of the operation."""
        return f"{self.package(app)}.operations.{name}"

    def kernel(self, app: str, name: str) -> str:
        """The module that only computes."""
        return f"{self.package(app)}.kernel.{name}"

    def connector(self, app: str, name: str) -> str:
        """The module that asks another system."""
        return f"{self.package(app)}.connectors.{name}"

    def shim(self, app: str, name: str) -> str:
        """The module of the command."""
        return f"{self.package(app)}.management.commands.{name}"

    def test(self, app: str, name: str) -> str:
        """The module of the tests."""
        package = self.package(app)
        has_tests = self.path(f"{package}.tests.__init__").exists()
        return f"{package}.tests.test_{name}" if has_tests else f"{package}.test_{name}"

    def test_command(self, module: str) -> str:
        """What runs the tests of this module."""
        return f"python manage.py test {module}"

    def path(self, module: str) -> Path:
        """The file of a module."""
        return self.root.joinpath(*module.split(".")).with_suffix(".py")

    def check_new(self, app: str) -> None:
        """Raise InvalidParamsError when a module is there already that is not an installed app."""
        package = self.package(app)
        if settings_module().startswith(f"{package}."):
            raise InvalidParamsError(f"APP {app!r} is taken: it is the package of the settings")
        folder = self.path(package).with_suffix("")
        if folder.exists():
            place = folder.relative_to(self.root)
            advice = "add it there if it is an app, remove it if an earlier try left it, or choose another name"
            raise InvalidParamsError(f"APP {app!r}: {place} is there, but not in INSTALLED_APPS: {advice}")
        if "." not in package and find_spec(package):
            raise InvalidParamsError(f"APP {app!r} is taken: Python has a module of that name")

    def edits(self, app: str) -> Mapping[Path, str]:
        """The files that a new app is registered in, as they are to be; unusual settings are missing."""
        path = self.path(settings_module())
        text = registered(path.read_text(encoding="utf-8"), self.package(app)) if path.is_file() else None
        return {path: text} if text else {}

    def _has(self, label: str) -> bool:
        try:
            return self.config(label) is not None
        except InvalidParamsError:
            return False


def registered(source: str, package: str) -> str | None:
    """The settings with the package in INSTALLED_APPS; None when that is not a list of texts.

    It comes after the last app that is in the same package, or else after the last one.
    """
    lists = [
        node.value.elts
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["INSTALLED_APPS"]
        if isinstance(node.value, ast.List)
    ]
    names = [item for item in lists[-1] if isinstance(item, ast.Constant)] if lists else []
    if not names:
        return None
    beside = [item for item in names if "." in package and str(item.value).startswith(f"{package.partition('.')[0]}.")]
    last = (beside or names)[-1]
    lines = [line.encode() for line in source.split("\n")]  # what ast counts in
    line, start, end = lines[last.lineno - 1], last.col_offset, last.end_col_offset or 0
    quote = b"'" if line[start:].startswith(b"'") else b'"'
    new = quote + package.encode() + quote
    if line[:start].strip():  # others are on this line
        lines[last.lineno - 1] = line[:end] + b", " + new + line[end:]
    elif line[end:].startswith(b","):
        lines.insert(last.lineno, line[:start] + new + b",")
    else:
        lines[last.lineno - 1 : last.lineno] = [line[:end] + b"," + line[end:], line[:start] + new + b","]
    return b"\n".join(lines).decode()


def settings_module() -> str:
    """The project's settings, also while some of them are overridden."""
    return os.environ[ENVIRONMENT_VARIABLE]


def _root() -> Path:
    module = sys.modules[settings_module()]
    file = Path(str(module.__file__)).resolve()
    depth = settings_module().count(".") + (file.name == "__init__.py")
    return file.parents[depth]
