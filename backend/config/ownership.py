"""Whose files are trusted: secrets and settings are read only from what nobody else could have written."""

import grp
import os
import pwd
import stat
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

CHECKOUT = Path(__file__).resolve().parents[2]


def require_own(path: Path, *, checkout: Path = CHECKOUT) -> None:
    """Raise ImproperlyConfigured when somebody else owns the file or folder `path`, or may write there.

    What root owns is trusted, as root can do anything; root trusts the owner of the `checkout`, whose code it runs.
    What is not there, or cannot be looked at, is left to its reader.
    """
    try:
        status = path.stat()
    except OSError:
        return
    trusted = {0, os.geteuid()} if os.geteuid() else {0, checkout.stat().st_uid}
    if status.st_uid not in trusted:
        owner, user = _user_name(status.st_uid), _user_name(os.geteuid())
        raise ImproperlyConfigured(
            f"{path} belongs to {owner}, not to {user}: run this as {owner}, or `chown -R {user}` what is yours"
        )
    if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
        return  # nothing stays in a pipe or device
    if status.st_mode & stat.S_IWOTH:
        raise ImproperlyConfigured(f"{path} can be written by everybody: see what is in it, and `chmod o-w` it")
    if status.st_mode & stat.S_IWGRP and not _is_private_group(status.st_gid, status.st_uid):
        group = _group_name(status.st_gid)
        raise ImproperlyConfigured(f"{path} can be written by the group {group}: see what is in it, and `chmod g-w` it")


def _is_private_group(group: int, user: int) -> bool:
    """Whether `user` is alone in `group`: Debian makes such groups, and a umask by which they may write."""
    try:
        owner, members = pwd.getpwuid(user), grp.getgrgid(group).gr_mem
    except KeyError:
        return False
    others = (other.pw_uid for other in pwd.getpwall() if other.pw_gid == group)
    return owner.pw_gid == group and set(members) <= {owner.pw_name} and set(others) <= {user}


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid {user}"


def _group_name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
