"""docker compose: each service gets the documented variables that it uses, no others, and may do little else."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from backend.config.environment import Environment
from ops import stack

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OURS = {"web", "worker", "beat", "flower"}
PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
USERS = {
    name: set(services.split(", "))
    for name, services in re.findall(r"^\| `(\w+)` \| .*? \| ([a-z]+(?:, [a-z]+)*) \| .*\|$", PAGE, re.MULTILINE)
}
"""Of each documented variable: the services that use it."""
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def names_in(file: str) -> list[str]:
    """The names that are passed on by this env file."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def env_files(service: str) -> list[str]:
    files = SERVICES[service].get("env_file", [])
    return [file for file in ([files] if isinstance(files, str) else files) if isinstance(file, str)]


def given(service: str) -> set[str]:
    """The variables outside that reach the service, or that it is given a value of its own for."""
    values: dict[str, str] = SERVICES[service].get("environment", {})
    outside = {name for value in values.values() for name in re.findall(r"\$\{(\w+)", value)}
    own = {name for name, value in values.items() if "$" not in value and name in USERS}
    return outside | own | {name for file in env_files(service) for name in names_in(file)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_exactly_the_documented_variables_that_it_uses(service: str) -> None:
    assert given(service) == {name for name, users in USERS.items() if service in users}


def test_every_documented_variable_has_its_services() -> None:
    assert len(USERS) > 30
    assert set().union(*USERS.values()) == set(SERVICES) == OURS | {"db", "redis"}


@pytest.mark.parametrize("service", sorted(OURS))
def test_an_env_file_is_a_list_of_names_that_compose_does_not_give_already(service: str) -> None:
    [file] = env_files(service)
    names = names_in(file)
    assert all(re.fullmatch("[A-Z_]+", name) for name in names)
    assert len(names) == len(set(names))
    assert not set(names) & set(SERVICES[service]["environment"])
    assert (ROOT / file).read_text(encoding="utf-8").endswith("\n"), "compose drops a name that nothing stands behind"


def test_what_compose_needs_is_in_the_example_without_a_value_and_missing_it_says_so() -> None:
    needed = set(re.findall(r"\$\{(\w+):\?put one into .env, see .env.example\}", TEXT))
    assert needed == set(re.findall(r"^(\w+)=$", EXAMPLE, re.MULTILINE))
    assert needed == set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE)), "nothing is set by copying the example"


def test_no_password_is_in_a_url_or_on_a_command_line() -> None:
    secrets = {name for name in USERS if re.search("PASSWORD|SECRET|KEY|AUTH", name)}
    for service in SERVICES.values():
        words = [
            str(service.get("command", "")),
            str(service["healthcheck"]["test"]) if "healthcheck" in service else "",
        ]
        assert not any(f"{{{name}" in word for name in secrets for word in words)
        urls = [value for value in service.get("environment", {}).values() if "://" in value]
        assert not any(re.search(r"//[^/]*:[^/]*@", url.split(":-")[-1]) for url in urls)


@pytest.mark.parametrize("line", [line for line in EXAMPLE.splitlines() if re.match(r"#? ?\w+=", line)])
def test_no_line_of_the_example_can_be_taken_as_it_is_with_a_secret_in_it(line: str) -> None:
    name, _, value = line.removeprefix("# ").partition("=")
    assert name in USERS
    assert "#" not in value, "it would be part of the value"
    env = Environment({name: value})
    if re.search("PASSWORD|SECRET|KEY|AUTH", name) or "@" in value:
        if value:
            with pytest.raises(ImproperlyConfigured, match=f"{name} is still that of .env.example"):
                env.str(name, default="")
        else:
            assert env.str(name, default="not set") == "not set"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_an_ordinary_user_without_capabilities_who_writes_to_volumes_and_memory(service: str) -> None:
    parts = SERVICES[service]
    assert (parts["cap_drop"], parts["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert (parts["read_only"], parts["init"]) == (True, True)
    assert "/tmp" in parts["tmpfs"]  # noqa: S108 - in memory
    assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:-\S+\}", parts["image"])
    if service not in OURS:
        assert parts["user"] == {"db": "postgres", "redis": "redis"}[service]
    assert "privileged" not in parts
    assert all(port.startswith("127.0.0.1:") for port in parts.get("ports", []))


def test_our_image_has_a_user_whose_home_in_memory_is_theirs_alone() -> None:
    dockerfile = (ROOT / SERVICES["web"]["build"]["dockerfile"]).read_text(encoding="utf-8")
    assert "--uid 10001" in dockerfile
    assert "\nUSER upkeep\n" in dockerfile
    for service in OURS - {"worker"}:
        assert "/var/lib/upkeep:uid=10001,gid=10001,mode=0700" in SERVICES[service]["tmpfs"]
    assert "upkeep:/var/lib/upkeep" in SERVICES["worker"]["volumes"]


def test_each_program_is_started_as_make_up_does_but_for_where_it_listens(tmp_path: Path) -> None:
    def options(words: list[str]) -> list[str]:
        return [word for word in words if not re.search(r"port|address|bind|[0-9.]+:[0-9]+$", word)]

    by_hand = {process.name: process.command for process in stack.programs(tmp_path, 0, 8000, 5555, "admin:password")}
    assert set(by_hand) == OURS
    for service, command in by_hand.items():
        words = shlex.split(re.sub(r".*exec (.*)\"", r"\1", SERVICES[service]["command"]))
        assert options(words) == options(list(command)[2:]), service


def test_files_get_to_the_worker_alone_who_cannot_write_there() -> None:
    mounts = {
        (name, volume) for name, parts in SERVICES.items() for volume in parts.get("volumes", []) if "files" in volume
    }
    assert mounts == {("worker", "${UPKEEP_FILES:-./files}:/files:ro")}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".env", ".env.trackers", ".upkeep", "files"} <= set(ignored)
