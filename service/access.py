"""Who may look at the dashboard, and from where: what the command line and `.streamlit/secrets.toml` say of it."""

import ipaddress
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from service.errors import UsageError

Role = Literal["viewer", "reviewer", "operator"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may."""
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


@dataclass(frozen=True, slots=True)
class Access:
    """`login`: an OpenID Connect provider is named. `users`: who may come in, by lower-case address.

    `name`: under which host the provider sends people back; `files`: where all this was read.
    """

    login: bool = False
    users: Mapping[str, Role] = field(default_factory=dict)
    name: str | None = None
    files: tuple[Path, ...] = ()


def secret_files() -> tuple[Path, ...]:
    """Where Streamlit looks for secrets, as far as the files are there; a later one wins."""
    places = (Path.home() / ".streamlit" / "secrets.toml", Path.cwd() / ".streamlit" / "secrets.toml")
    return tuple(dict.fromkeys(path for path in places if path.is_file()))


def read_access() -> Access:
    """What the secrets say of logins.

    Raises:
        UsageError: a file is no TOML, or names a role that is none.
    """
    files = secret_files()
    said: dict[str, Any] = {}
    for path in files:
        try:
            said |= tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    auth, users = said.get("auth"), said.get("users", {})
    if not isinstance(users, dict) or not all(role in ROLES for role in users.values()):
        raise UsageError(f'[users] of {files[-1]} gives each address a role ({", ".join(ROLES)}): "a@b.kr" = "viewer"')
    if not isinstance(auth, dict):
        return Access(users=users, files=files)
    name = urlsplit(str(auth.get("redirect_uri", ""))).hostname
    return Access(True, {address.lower(): role for address, role in users.items()}, name, files)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def door(access: Access, host: str, allowed: Sequence[str], *, unsafe: bool) -> list[str]:
    """The host names that requests may be addressed to, when serving at `host`.

    Raises:
        UsageError: it would be open to people whom nobody knows, or a login could not work.
    """
    if access.login and find_spec("authlib") is None:
        raise UsageError("[auth] in secrets.toml asks for a login, which needs: pip install 'kojudge[login]'")
    if access.login and not access.users:
        raise UsageError(
            '[auth] in secrets.toml asks for a login, but nobody may come in: add [users] "a@b.kr" = "viewer"'
        )
    if not is_loopback(host) and not access.login and not unsafe:
        raise UsageError(
            f"{host} can be reached by others: set up a login ([auth] and [users] in .streamlit/secrets.toml), or say "
            "--unsafe-allow-unauthenticated"
        )
    names = [*allowed, *([access.name] if access.name else [])]
    if host in ("0.0.0.0", "::"):
        if not names:
            raise UsageError(f"say under which name {host} is reached: --allowed-host NAME")
    elif not is_loopback(host):
        names.append(host)
    return list(dict.fromkeys([*LOOPBACK, *names]))
