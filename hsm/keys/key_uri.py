# SPDX-License-Identifier: Apache-2.0
"""Where keys lie, as a URI: ``pkcs11:`` after RFC 7512 for a token, ``file:`` for a sealed file. Read strictly: a typing error is told, not guessed.

``pkcs11:token=kartu-ca;serial=3557b0?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/kartu/ca.pin``
``file:/var/lib/kartu/keys.sealed?pin-source=file:/etc/kartu/keys.pass``

Of RFC 7512's attributes those that name a token are understood. Those that name one object or slot are refused: keys are found by what
their descriptions say, and slot numbers change. ``pin-value`` is refused: a URI is no place for a secret. ``pin-source`` is ``file:`` and an
absolute path, or ``fd:`` and the number of an inherited descriptor.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hsm.errors import KeyUriRefused

TOKEN_ATTRIBUTES = ("token", "manufacturer", "serial", "model")
MAX_LENGTH = 2048
_QUERY_ATTRIBUTES = ("module-path", "pin-source")
# RFC 7512, 2.3: unreserved, and pk11-res-avail; a path takes "&" besides, a query "/", "?" and "|".
_UNRESERVED = r"A-Za-z0-9\-._~"
_AVAILABLE = r":\[\]@!$'()*+,="
_PATH_VALUE = re.compile(rf"(?:[{_UNRESERVED}{_AVAILABLE}&]|%[0-9A-Fa-f]{{2}})*")
_QUERY_VALUE = re.compile(rf"(?:[{_UNRESERVED}{_AVAILABLE}/?|]|%[0-9A-Fa-f]{{2}})*")
_FILE_PATH = re.compile(rf"/(?:[{_UNRESERVED}/]|%[0-9A-Fa-f]{{2}})*")
_PLAIN = re.compile(rf"[{_UNRESERVED}]")
_PLAIN_IN_PATH = re.compile(rf"[{_UNRESERVED}/]")
_PLAIN_IN_QUERY = re.compile(rf"[{_UNRESERVED}/:]")


@dataclass(frozen=True, slots=True)
class PinSource:
    """Where the PIN or passphrase comes from: a file of mode 0600, or an inherited descriptor."""

    path: Path | None = None
    descriptor: int | None = None

    def __str__(self) -> str:
        return f"file:{self.path}" if self.path is not None else f"fd:{self.descriptor}"


@dataclass(frozen=True, slots=True)
class FileUri:
    """A sealed key file."""

    path: Path
    pin_source: PinSource

    def __str__(self) -> str:
        return f"file:{_encoded(str(self.path), _PLAIN_IN_PATH)}?pin-source={_encoded(str(self.pin_source), _PLAIN_IN_QUERY)}"


@dataclass(frozen=True, slots=True)
class TokenUri:
    """A PKCS#11 token: every attribute that is given must be the token's own."""

    module_path: Path
    pin_source: PinSource
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        path = ";".join(f"{name}={_encoded(value, _PLAIN)}" for name, value in self.attributes.items())
        module, pin = (_encoded(str(value), _PLAIN_IN_QUERY) for value in (self.module_path, self.pin_source))
        return f"pkcs11:{path}?module-path={module}&pin-source={pin}"

    @property
    def token_name(self) -> str:
        """The token as errors and logs name it."""
        return ";".join(f"{name}={value}" for name, value in self.attributes.items())

    def __hash__(self) -> int:
        return hash(str(self))


KeyUri = FileUri | TokenUri


def read_key_uri(text: str) -> KeyUri:
    """The URI in ``text``. Raises KeyUriRefused, which quotes no value."""
    if len(text) > MAX_LENGTH:
        raise KeyUriRefused(rule=f"at most {MAX_LENGTH} characters")
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() == "pkcs11":
        return _token_uri(rest)
    if colon and scheme.lower() == "file":
        return _file_uri(rest)
    raise KeyUriRefused(rule="begins with pkcs11: or file:")


def _token_uri(rest: str) -> TokenUri:
    path, _, query = rest.partition("?")
    attributes = _attributes(path, ";", _PATH_VALUE, TOKEN_ATTRIBUTES)
    if not {"token", "serial"} & set(attributes):
        raise KeyUriRefused(rule="names a token by label or serial number")
    asked = _attributes(query, "&", _QUERY_VALUE, _QUERY_ATTRIBUTES)
    return TokenUri(_absolute(asked.get("module-path", ""), "module-path"), _pin_source(asked), attributes)


def _file_uri(rest: str) -> FileUri:
    path, _, query = rest.partition("?")
    path = path.removeprefix("//")
    if not _FILE_PATH.fullmatch(path):
        raise KeyUriRefused(rule="file: and an absolute path")
    asked = _attributes(query, "&", _QUERY_VALUE, ("pin-source",))
    return FileUri(_absolute(_decoded(path, "path"), "path"), _pin_source(asked))


def _attributes(text: str, separator: str, value_form: re.Pattern[str], known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(separator) if text else ():
        name, equals, value = part.partition("=")
        if name == "pin-value":
            raise KeyUriRefused(rule="no PIN in a URI; give pin-source")
        if not equals or name not in known:
            raise KeyUriRefused(rule=f"attributes known here: {', '.join(known)}")
        if name in found:
            raise KeyUriRefused(rule=f"{name} is given once")
        if not value_form.fullmatch(value):
            raise KeyUriRefused(rule=f"{name} is percent-encoded")
        found[name] = _decoded(value, name)
        if not found[name]:
            raise KeyUriRefused(rule=f"{name} is not empty")
    return found


def _decoded(value: str, name: str) -> str:
    octets = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes.fromhex(match[1].decode()), value.encode())
    try:
        decoded = octets.decode()
    except UnicodeDecodeError:
        raise KeyUriRefused(rule=f"{name} is UTF-8") from None
    if not decoded.isprintable():
        raise KeyUriRefused(rule=f"{name} has printable characters only")
    return decoded


def _encoded(value: str, plain: re.Pattern[str]) -> str:
    return "".join(
        character if plain.fullmatch(character) else "".join(f"%{octet:02X}" for octet in character.encode())
        for character in value
    )


def _absolute(path: str, name: str) -> Path:
    if not path.startswith("/") or path != str(Path(path)) or ".." in Path(path).parts:
        raise KeyUriRefused(rule=f"{name} is an absolute path, written plainly")
    return Path(path)


def _pin_source(asked: Mapping[str, str]) -> PinSource:
    kind, _, where = asked.get("pin-source", "").partition(":")
    if kind == "file":
        return PinSource(path=_absolute(where, "pin-source"))
    if kind == "fd" and where.isascii() and where.isdecimal() and len(where) <= 4 and where == str(int(where)):
        return PinSource(descriptor=int(where))
    raise KeyUriRefused(rule="pin-source is file: and an absolute path, or fd: and a number")
