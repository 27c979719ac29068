"""The project's settings, with a home of the tests' own: they start, fill and stop other servers than the developer's."""

import os
from pathlib import Path

os.environ["UPKEEP_HOME"] = str(Path(__file__).resolve().parents[1] / ".upkeep" / "tests")

from backend.config.settings import *  # noqa: E402, F403 - read with that home
