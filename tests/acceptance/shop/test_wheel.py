"""What is in the wheel, and what is not."""

from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import upkeep


def test_the_wheel_holds_the_library_alone(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"upkeep", f"django_upkeep-{upkeep.__version__}.dist-info"}
    assert not [name for name in names if "/tests/" in name or Path(name).name.startswith(("test_", "conftest"))]
    assert {Path(name).suffix for name in names if name.startswith("upkeep/")} <= {".py", ".typed", ".html", ".acl"}
    assert {"upkeep/py.typed", "upkeep/operations/migrations/0001_initial.py"} <= set(names)
    assert wheel.stat().st_size < 500_000


def test_its_metadata_say_what_it_is_and_what_it_wants(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        told = HeaderParser().parsestr(archive.read(f"django_upkeep-{upkeep.__version__}.dist-info/METADATA").decode())
    assert (told["Name"], told["Version"]) == ("django-upkeep", upkeep.__version__)
    assert (told["Requires-Python"], told["License-Expression"]) == (">=3.11", "MIT")
    assert set(told.get_all("Provides-Extra") or ()) == {"beat", "embedded", "redis", "remote"}
    required = [line for line in told.get_all("Requires-Dist") or () if "extra ==" not in line]
    wanted = {"celery", "cryptography", "django", "psycopg", "pydantic", "rich"}
    assert {line.split(">")[0].split("<")[0].split("[")[0] for line in required} == wanted
