# SPDX-License-Identifier: Apache-2.0
"""INSTALL in all its forms (GlobalPlatform 11.5). Tokens for delegated management are added by ``token.with_token``."""

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.globalplatform.privileges import Privileges
from cardservice.card_edge.tlv import Tlv, encode_length

FOR_LOAD = 0x02  # P1, table 11-41
FOR_INSTALL = 0x04
FOR_MAKE_SELECTABLE = 0x08
FOR_INSTALL_AND_MAKE_SELECTABLE = 0x0C
FOR_EXTRADITION = 0x10
FOR_PERSONALIZATION = 0x20
FOR_REGISTRY_UPDATE = 0x40

NO_APPLICATION_PARAMETERS: bytes = Tlv(0xC9)  # 11.5.2.3.7: C9 is mandatory for install, if only empty


def install_for_load(
    load_file: bytes, security_domain: bytes = b"", *, load_file_hash: bytes = b"", parameters: bytes = b""
) -> CommandApdu:
    """Announce a load file (11.5.2.3.1); LOAD commands follow."""
    return _install(FOR_LOAD, load_file, security_domain, load_file_hash, parameters)


def install_for_install(
    load_file: bytes,
    module: bytes,
    instance: bytes,
    privileges: Privileges = Privileges.NONE,
    parameters: bytes = NO_APPLICATION_PARAMETERS,
) -> CommandApdu:
    """Make an instance that can't be selected yet (11.5.2.3.2)."""
    return _install(FOR_INSTALL, load_file, module, instance, privileges.encode(), parameters)


def install_and_make_selectable(
    load_file: bytes,
    module: bytes,
    instance: bytes,
    privileges: Privileges = Privileges.NONE,
    parameters: bytes = NO_APPLICATION_PARAMETERS,
) -> CommandApdu:
    """Make an instance and open it to SELECT in one command."""
    return _install(FOR_INSTALL_AND_MAKE_SELECTABLE, load_file, module, instance, privileges.encode(), parameters)


def install_for_make_selectable(
    instance: bytes, privileges: Privileges = Privileges.NONE, parameters: bytes = b""
) -> CommandApdu:
    """Open an installed instance to SELECT (11.5.2.3.3)."""
    return _install(FOR_MAKE_SELECTABLE, b"", b"", instance, privileges.encode(), parameters)


def install_for_extradition(security_domain: bytes, application: bytes) -> CommandApdu:
    """Give an application or load file to another security domain (11.5.2.3.4)."""
    return _install(FOR_EXTRADITION, security_domain, b"", application, b"", b"")


def install_for_registry_update(
    application: bytes, *, security_domain: bytes = b"", privileges: Privileges | None = None, parameters: bytes = b""
) -> CommandApdu:
    """Change an application's entry in the registry (11.5.2.3.5); None leaves the privileges as they are."""
    given = b"" if privileges is None else privileges.encode()
    return _install(FOR_REGISTRY_UPDATE, security_domain, b"", application, given, parameters)


def install_for_personalization(application: bytes) -> CommandApdu:
    """The STORE DATA commands that follow are for this application (11.5.2.3.6)."""
    return _install(FOR_PERSONALIZATION, b"", b"", application, b"", b"")


def _install(p1: int, first: bytes, second: bytes, third: bytes, *fields: bytes) -> CommandApdu:
    # The last field is the token: empty here.
    data = b"".join(encode_length(len(value)) + value for value in (first, second, third, *fields, b""))
    return CommandApdu(0x80, 0xE6, p1, 0x00, data, SHORT_LE_MAX)
