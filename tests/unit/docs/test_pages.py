"""What the pages refer to is there: other pages, their headings, commands with these options, targets of `make`."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
WORDS = {"is", "stands", "help", "--json"}
"""What follows `manage.py` or `manage.py run_task` and is no command of an app."""
DECLARED = re.compile(r'(?:@operation|adopt_\w+)\(\s*"(?:[\w.]+\.)?(\w+)"')
named = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def anchors(text: str) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@named
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", TEXTS[page]):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target


@named
def test_every_command_is_there_and_knows_its_options(page: Path) -> None:
    invented = {name for text in TEXTS.values() for name in DECLARED.findall(text)}
    for name, rest in re.findall(r"(?:manage\.py|\bmanage) ([a-z]\w+)([^#\n`|]*)", TEXTS[page]):
        command, options = name, {word for word in rest.split() if word.startswith("--")}
        if name == "run_task" and rest.strip():  # whose options are the operation's
            command, options = rest.split()[0], options - {"--sync"}
        if command not in invented | WORDS:
            check_options(command, options)


def check_options(name: str, given: set[str]) -> None:
    """Fail when the command's parser does not know one of these options."""
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    known = {option for action in parser._actions for option in action.option_strings}
    assert {option.partition("=")[0] for option in given} <= known, name


@named
def test_every_target_of_make_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z][\w-]*)", TEXTS[page], re.MULTILINE)) <= targets


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {(ROOT / target).resolve() for target in re.findall(r"\]\((docs/[^)#\s]+)", TEXTS[PAGES[0]])}
    assert linked >= set(PAGES[1:])
