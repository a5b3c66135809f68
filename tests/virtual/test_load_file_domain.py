# SPDX-License-Identifier: Apache-2.0
"""A load file belongs to the domain that INSTALL [for load] names, and so does what is installed from it (GP 2.3.1, 7.2)."""

from applets.virtual.chip import ISD_AID
from applets.virtual.image_format import decode, encode
from cardservice.card_edge.tlv import find
from tests.virtual.host import Host
from tests.virtual.test_content_management import (
    APPLET,
    PACKAGE,
    SSD,
    cap,
    delete,
    install,
    install_ssd,
    issuer,
    load,
    status,
)

__all__ = ["issuer"]

NO_PRIVILEGE, NO_PARAMETERS = b"\x00", b"\xc9\x00"


def domain_of(host: Host, subset: int, aid: bytes) -> bytes:
    return find(status(host, subset, f"4F{len(aid):02X}{aid.hex()}")[1], 0xE3, 0xCC)


def test_a_load_file_and_its_application_belong_to_the_domain_that_was_named(issuer: Host) -> None:
    assert load(issuer, cap(), domain=SSD) == 0x6A88  # not there yet
    install_ssd(issuer)
    assert load(issuer, cap(), domain=SSD) == 0x9000
    assert domain_of(issuer, 0x10, PACKAGE) == SSD
    assert install(issuer, 0x0C, PACKAGE, APPLET, APPLET, NO_PRIVILEGE, NO_PARAMETERS, b"") == 0x9000
    assert domain_of(issuer, 0x40, APPLET) == SSD
    # A domain to which others belong stays; once they are gone, it may go.
    assert delete(issuer, SSD) == 0x6985
    assert delete(issuer, APPLET) == 0x9000
    assert delete(issuer, SSD) == 0x6985
    assert delete(issuer, PACKAGE) == 0x9000
    assert delete(issuer, SSD) == 0x9000


def test_without_a_name_it_is_the_issuers(issuer: Host) -> None:
    assert load(issuer, cap(), domain=b"") == 0x9000
    assert domain_of(issuer, 0x10, PACKAGE) == ISD_AID


def test_an_image_keeps_it(issuer: Host) -> None:
    install_ssd(issuer)
    load(issuer, cap(), domain=SSD)
    chip = issuer.card.image.chip
    assert decode(encode(chip, None))[0] == chip
