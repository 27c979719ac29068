"""`make audit`: whether there are advisories about the packages of the lock file."""

import json
import subprocess
import sys
from typing import Any

from upkeep.operations.terminal.escaping import plain

COMMAND = [
    sys.executable, "-m", "uv", "tool", "run", "pip-audit==2.10.1",
    "--require-hashes", "--disable-pip", "--requirement", "requirements.txt", "--format", "json",
    "--progress-spinner", "off",
]  # fmt: skip
UNREACHABLE = "nothing was audited: no database of advisories can be reached (pip-audit asks pypi.org)"


def main() -> int:
    """Ask pip-audit. Returns 0 when it knows of no advisory, 1 when it does, 2 when it cannot say."""
    ended = subprocess.run(COMMAND, capture_output=True, text=True, check=False)  # noqa: S603 - a constant
    try:
        packages = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (ended.stderr.strip().splitlines() or ["it says nothing"])[-1]
        sys.stderr.write(plain(f"{UNREACHABLE}: {reason}") + "\n")
        return 2
    status, lines = verdict(packages)
    sys.stdout.write("\n".join(map(plain, lines)) + "\n")
    return status


def verdict(packages: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """The exit code, and what to print, for what pip-audit found."""
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if len(skipped) == len(packages):
        return 2, [UNREACHABLE]
    lines = [
        f"{package['name']} {package['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", [])
    ]
    found = len(lines)
    if skipped:
        lines.append(f"not known there, and so not audited: {', '.join(skipped)}")
    lines.append(f"audited {len(packages) - len(skipped)}, advisories: {found}")
    return int(bool(found or skipped)), lines


if __name__ == "__main__":
    sys.exit(main())
