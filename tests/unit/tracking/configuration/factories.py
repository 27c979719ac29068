"""Configuration files in short."""

from collections.abc import Mapping

from backend.tracking.kernel.configuration import documents
from backend.tracking.kernel.configuration.problems import ConfigurationError
from backend.tracking.kernel.configuration.reading import configuration
from backend.tracking.kernel.configuration.references import Downloaded
from backend.tracking.kernel.configuration.schema import Organization
from backend.tracking.kernel.configuration.variables import Variables

ENVIRONMENT = {"SHOP_TOKEN": "s3cret-1", "SHOP_USERNAME": "ada@example.com", "OUR_KEY": "s3cret-2", "PATH": "/bin"}
GITHUB = "api_kind: github, api_location: 'https://github.com/a/b'"
KIMAI = "api_kind: kimai, api_location: 'https://kimai.example.com/en/admin/project/1/details'"


def parsed(
    text: str | bytes, *, downloaded: Downloaded | None = None, environment: Mapping[str, str] = ENVIRONMENT
) -> Organization:
    """The configuration that a file of that text holds; `OUR_KEY` is a setting of Upkeep, `PATH` is not for files."""
    raw = text.encode() if isinstance(text, str) else text
    listed = {*environment, "NO_TOKEN", "EXAMPLE_GITHUB2_TOKEN"} - {"PATH"}
    return configuration(
        documents.read(raw, "my.yaml"),
        downloaded or {},
        Variables(environment, {"OUR_KEY"}, listed),
        http_hosts=["127.0.0.1"],
    )


def problems(
    text: str | bytes, *, downloaded: Downloaded | None = None, environment: Mapping[str, str] = ENVIRONMENT
) -> list[str]:
    """What is wrong with it, line by line, without the file's name."""
    try:
        parsed(text, downloaded=downloaded, environment=environment)
    except ConfigurationError as error:
        found = error.problems
    else:
        found = []
    assert all(problem.startswith("my.yaml:") and problem.isprintable() for problem in found)
    return [problem.removeprefix("my.yaml:") for problem in found]


def organization(text: str) -> str:
    """A file whose organization has these keys too, which stand in line 2 and after it."""
    return f"organization: {{code: acme,\n{text}}}"


def trackers(*told: str) -> str:
    """A file with a project that has these trackers, one a line from the second line on."""
    inside = ",\n".join(f"{{{tracker}}}" for tracker in told)
    return organization(f"projects: [{{code: shop, trackers: [{inside}]}}]")


def rules(*told: str) -> str:
    """A file whose tracker `code` with the task `pm` has these rules, one a line from the third line on."""
    inside = ",\n".join(f"{{{rule}}}" for rule in told)
    code = f"name: code, {GITHUB}, tasks: [{{code: pm}}], work_matches: [\n{inside}]"
    return trackers(code, f"name: hours, {KIMAI}")
