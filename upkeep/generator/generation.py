"""A new operation: checked as a whole, then written."""

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from upkeep.conf import conf
from upkeep.generator import names, pieces, subjects, writing
from upkeep.generator.layout import Layout
from upkeep.generator.subjects import Subject
from upkeep.operations.errors import InvalidParamsError, OperationError


@dataclass(frozen=True)
class Generation:
    """What is to be written. Raises OperationError, InvalidParamsError for bad input, when it is made."""

    layout: Layout
    app: str
    name: str
    type: str = "base"
    labels: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        names.check_choice("--type", self.type, pieces.TYPES)
        if self.labels:
            names.check_choice("--labels", self.labels, pieces.LABELS)
            if self.type != "base":
                raise InvalidParamsError(f"--labels is for --type base, not {self.type}")
        for what, name in (("APP", self.app), ("NAME", self.name)):
            names.check_spelling(what, name)
        names.check_free(self.name)
        if self.description:
            names.sentence(self.description)
        if self.type == "integration" and not find_spec("httpx2"):
            raise OperationError("--type integration needs a package: pip install 'django-upkeep[remote]'")
        used = {self.name, names.class_name(self.name)} & {*self._used, *self.subject}
        if used:
            raise InvalidParamsError(
                f"NAME {self.name!r} is taken: the code of the operation has {used.pop()!r} already"
            )
        if self.is_new_app:
            self.layout.check_new(self.app)
        writing.check(self.files, self.layout.root)

    @property
    def kind(self) -> str:
        """The type, or the kind of labels that take the place of `base`."""
        return self.labels or self.type

    @cached_property
    def is_new_app(self) -> bool:
        """Whether the app is written as well."""
        return self.layout.config(self.app) is None

    @cached_property
    def subject(self) -> Subject:
        """What the operation works on."""
        module = f"{self.layout.package(self.app)}.models"
        if self.is_new_app:
            return Subject(module, *subjects.NEW)
        needs = {**pieces.TYPES, **pieces.LABELS}[self.kind]
        found = subjects.found(self.layout.config(self.app), needs=needs, used=self._used)
        if not found:
            wanted = " and ".join(pieces.NEEDS[need] for need in needs)
            advice = "add one, or name a new app, which gets one"
            raise OperationError(f"no model of {self.app} has {wanted} and nothing else that a row needs: {advice}")
        return found

    @cached_property
    def modules(self) -> dict[str, str]:
        """The module of each piece, by its template."""
        layout, app, name = self.layout, self.app, self.name
        made = {template: getattr(layout, role)(app, name) for role, template in pieces.of(self.kind).items()}
        if conf().SHIMS == "required":
            made["shim"] = layout.shim(app, name)
        if self.is_new_app:
            package = layout.package(app)
            made |= {"apps": f"{package}.apps", "models": f"{package}.models"}
            made["migration"] = f"{package}.migrations.0001_initial"
        return made

    @cached_property
    def files(self) -> dict[Path, str]:
        """The text of each new file."""
        known = {
            "models": self.subject.module,
            "": self.layout.package(self.app),
            "base_operation": self.layout.operation(self.app, self.name),
        }
        words = {
            "verb_object": self.name,
            "VerbObject": names.class_name(self.name),
            "VerbObjectTest": f"{names.class_name(self.name)}Test",
            "domain": self.app,
            "DomainConfig": f"{names.class_name(self.app)}Config",
            "DOMAIN_API_URL": self.setting,
            "Item": self.subject.model,
            "code": self.subject.code,
            "title": self.subject.title,
            "created_at": self.subject.created_at,
        }
        files = {
            self.layout.path(module): pieces.rendered(template, modules={**known, **self.modules}, words=words)
            for template, module in self.modules.items()
        }
        path = self.layout.path(self.modules[f"{self.kind}_operation"])
        if self.description:
            files[path] = pieces.described(files[path], self.name, names.sentence(self.description))
        return files | dict.fromkeys(writing.missing_packages(files, self.layout.root), "")

    @property
    def setting(self) -> str:
        """The setting that says where the API of an integration is."""
        return f"{self.app.upper()}_API_URL"

    @cached_property
    def edits(self) -> dict[Path, str]:
        """The new text of each file in which a new app is registered."""
        return dict(self.layout.edits(self.app)) if self.is_new_app else {}

    def write(self) -> None:
        """Write all of it. Raises OperationError, and has written nothing then."""
        writing.write(self.files, self.edits)
        writing.tidy([path for path, text in self.files.items() if text and "migrations" not in path.parts])

    @cached_property
    def _used(self) -> set[str]:
        """The names that the templates have already, but for those that are replaced."""
        used = {name for template in pieces.of(self.kind).values() for name in pieces.names(pieces.template(template))}
        return used - {"verb_object", "VerbObject", "VerbObjectTest", *subjects.NEW}
