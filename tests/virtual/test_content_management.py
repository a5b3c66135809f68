# SPDX-License-Identifier: Apache-2.0
"""INSTALL, LOAD, DELETE, STORE DATA, GET STATUS, GET DATA: the registry of the card."""

import hashlib

import pytest

from applets.virtual.chip import (
    ISD_AID,
    LOAD_FILE_AID,
    PIV_MODULE,
    SECTOR_MODULE,
    SSD_LOAD_FILE,
    SSD_MODULE,
    StaticKeySet,
)
from cardservice.card_edge.tlv import Tlv, find, parse_all
from tests.virtual.host import PIV_AID, Host, key_set, put_key_data, sector_aid

SSD = bytes.fromhex("F04B4A5352490F01")
PACKAGE = bytes.fromhex("F0112233445566")
APPLET = bytes.fromhex("F011223344556601")


@pytest.fixture
def issuer(host: Host, transport: StaticKeySet) -> Host:
    host.must(host.open(transport))
    return host


def fields(*values: bytes) -> bytes:
    return b"".join(bytes([len(value)]) + value for value in values)


def install(host: Host, p1: int, *values: bytes, p2: int = 0x00) -> int:
    return host.send(0x80, 0xE6, p1, p2, fields(*values)).sw


def install_ssd(host: Host) -> None:
    assert install(host, 0x0C, SSD_LOAD_FILE, SSD_MODULE, SSD, b"\x80", b"\xc9\x00", b"") == 0x9000


def delete(host: Host, aid: bytes, p2: int = 0x00) -> int:
    return host.send(0x80, 0xE4, 0x00, p2, Tlv(0x4F, aid)).sw


def status(host: Host, p1: int, data: str = "4F00", p2: int = 0x02) -> tuple[int, bytes]:
    answer = host.send(0x80, 0xF2, p1, p2, bytes.fromhex(data))
    return answer.sw, answer.data


def cap(package: bytes = PACKAGE, applet: bytes = APPLET) -> bytes:
    header = bytes.fromhex("DECAFFED") + bytes([1, 2, 4, 0, 1, len(package)]) + package
    applets = bytes([1, len(applet)]) + applet + b"\x00\x10"
    return b"".join(bytes([tag]) + len(part).to_bytes(2, "big") + part for tag, part in ((1, header), (3, applets)))


def load(host: Host, block: bytes, *, digest: bytes = b"", size: int = 20, domain: bytes = ISD_AID) -> int:
    sw = install(host, 0x02, PACKAGE, domain, digest, b"", b"")
    stream = Tlv(0xC4, block)
    parts = [stream[start : start + size] for start in range(0, len(stream), size)]
    for number, part in enumerate(parts):
        if sw != 0x9000:
            break
        sw = host.send(0x80, 0xE8, 0x80 if number == len(parts) - 1 else 0x00, number, part).sw
    return sw


def test_a_blank_chip_holds_our_load_file_and_nothing_else(issuer: Host) -> None:
    sw, told = status(issuer, 0x10)
    (entry,) = parse_all(told)
    assert (sw, find(told, 0xE3, 0x4F), find(told, 0xE3, 0x9F70)) == (0x9000, LOAD_FILE_AID, b"\x01")
    assert [field.value for field in parse_all(entry.value) if field.tag == 0x84] == [PIV_MODULE, SECTOR_MODULE]
    assert status(issuer, 0x40)[0] == 0x6A88
    assert find(status(issuer, 0x80)[1], 0xE3, 0x9F70) == b"\x01"


def test_an_instance_is_there_and_selectable_at_once(issuer: Host) -> None:
    assert issuer.install(PIV_MODULE, PIV_AID).sw == 0x9000
    told = status(issuer, 0x40)[1]
    assert find(told, 0xE3, 0x4F) == PIV_AID
    assert find(told, 0xE3, 0x9F70) == b"\x07"
    assert find(told, 0xE3, 0xC5) == b"\x00\x00\x00"
    assert find(told, 0xE3, 0xC4) == LOAD_FILE_AID
    assert find(told, 0xE3, 0xCC) == ISD_AID
    assert issuer.select(PIV_AID).sw == 0x9000


def test_install_then_make_selectable(issuer: Host, transport: StaticKeySet) -> None:
    assert install(issuer, 0x04, LOAD_FILE_AID, PIV_MODULE, PIV_AID, b"\x00", b"\xc9\x00", b"") == 0x9000
    assert find(status(issuer, 0x40)[1], 0xE3, 0x9F70) == b"\x03"
    assert issuer.select(PIV_AID).sw == 0x6A82
    for sw in (0x9000, 0x6985):
        assert install(issuer, 0x08, b"", b"", PIV_AID, b"\x00", b"", b"") == sw
    issuer.enter(PIV_AID, transport)


@pytest.mark.parametrize(
    ("values", "sw"),
    [
        pytest.param((PACKAGE, PIV_MODULE, PIV_AID, b"\x00", b"\xc9\x00", b""), 0x6A88, id="load file"),
        pytest.param((LOAD_FILE_AID, APPLET, PIV_AID, b"\x00", b"\xc9\x00", b""), 0x6A88, id="module"),
        pytest.param((LOAD_FILE_AID, PIV_MODULE, b"\xa0", b"\x00", b"\xc9\x00", b""), 0x6A80, id="short AID"),
        pytest.param((LOAD_FILE_AID, PIV_MODULE, PIV_AID, b"\x00\x00", b"\xc9\x00", b""), 0x6A80, id="privileges"),
        pytest.param((LOAD_FILE_AID, PIV_MODULE, PIV_AID, b"\x80", b"\xc9\x00", b""), 0x6A80, id="no SD code"),
        pytest.param((LOAD_FILE_AID, PIV_MODULE, PIV_AID, b"\x00", b"", b""), 0x6A80, id="no C9"),
        pytest.param((LOAD_FILE_AID, PIV_MODULE, PIV_AID, b"\x00", b"\xc9\x00"), 0x6A80, id="a field missing"),
        pytest.param((LOAD_FILE_AID, PIV_MODULE, ISD_AID, b"\x00", b"\xc9\x00", b""), 0x6985, id="ISD's AID"),
    ],
)
def test_malformed_install(issuer: Host, values: tuple[bytes, ...], sw: int) -> None:
    assert install(issuer, 0x0C, *values) == sw
    assert issuer.card.image.chip.applications == ()


def test_an_aid_is_installed_once(issuer: Host) -> None:
    assert [issuer.install(PIV_MODULE, PIV_AID).sw for _ in range(2)] == [0x9000, 0x6985]


@pytest.mark.parametrize(("p1", "p2"), [(0x01, 0x00), (0x0C, 0x01), (0x7F, 0x00)])
def test_forms_of_install_that_we_have_not(issuer: Host, p1: int, p2: int) -> None:
    assert install(issuer, p1, b"", b"", b"", b"", b"", b"", p2=p2) == 0x6A86


def test_extradition_to_a_known_domain_and_back(issuer: Host, transport: StaticKeySet) -> None:
    issuer.must(issuer.install(PIV_MODULE, PIV_AID))
    assert install(issuer, 0x10, SSD, b"", PIV_AID, b"", b"", b"") == 0x6A88
    install_ssd(issuer)
    assert install(issuer, 0x10, SSD, b"", PIV_AID, b"", b"", b"") == 0x9000
    assert find(status(issuer, 0x40, "4F05A000000308")[1], 0xE3, 0xCC) == SSD
    assert delete(issuer, SSD) == 0x6985
    own = key_set(0x31)
    issuer.enter(SSD, transport)
    issuer.must(issuer.send(0x80, 0xD8, 0x00, 0x81, put_key_data(own, transport.dek)))
    # GP 1.13: an application's channel is its domain's, so the issuer's keys are out now.
    issuer.select(PIV_AID)
    assert issuer.open(transport).sw == 0x6A88
    issuer.must(issuer.open(own))
    issuer.select()
    issuer.must(issuer.open(transport))
    assert install(issuer, 0x10, ISD_AID, b"", PIV_AID, b"", b"", b"") == 0x9000
    assert install(issuer, 0x10, SSD, b"", SSD, b"", b"", b"") == 0x6985
    assert delete(issuer, SSD) == 0x9000


def test_registry_update_changes_privileges_but_makes_no_domain(issuer: Host) -> None:
    issuer.must(issuer.install(PIV_MODULE, PIV_AID))
    assert install(issuer, 0x40, b"", b"", PIV_AID, b"\x04\x00\x00", b"", b"") == 0x9000
    assert install(issuer, 0x40, b"", b"", PIV_AID, b"\x80\x00\x00", b"", b"") == 0x6A80
    issuer.card.reset()
    assert issuer.plain("00200080").sw == 0x6983  # PIV answers first now: it has the Card Reset privilege


def test_personalization_names_an_application_that_is_there(issuer: Host) -> None:
    assert install(issuer, 0x20, b"", b"", PIV_AID, b"", b"", b"") == 0x6A88
    issuer.must(issuer.install(PIV_MODULE, PIV_AID))
    assert install(issuer, 0x20, b"", b"", PIV_AID, b"", b"", b"") == 0x9000
    # Our applications take BER-TLV (test_personalization_through_the_domain.py), no DGI.
    assert issuer.send(0x80, 0xE2, 0x88, 0x00, bytes.fromhex("010101FF")).sw == 0x6A80


def test_a_load_file_enters_the_registry_with_its_last_block(issuer: Host) -> None:
    block = cap()
    assert load(issuer, block, digest=hashlib.sha256(block).digest()) == 0x9000
    told = status(issuer, 0x10, "4F07" + PACKAGE.hex())[1]
    assert find(told, 0xE3, 0x84) == APPLET
    entry = issuer.card.image.chip.load_file(PACKAGE)
    assert entry is not None
    assert entry.digest == hashlib.sha256(block).digest()
    assert load(issuer, block) == 0x6985


@pytest.mark.parametrize(
    ("block", "digest", "sw"),
    [
        pytest.param(cap(), hashlib.sha256(b"other").digest(), 0x6A80, id="hash"),
        pytest.param(cap(), b"\x00" * 5, 0x6A80, id="hash length"),
        pytest.param(cap(package=APPLET), b"", 0x6A80, id="another package"),
        pytest.param(cap()[:-3], b"", 0x6A80, id="cut short"),
        pytest.param(b"\x01\x00\x02ab", b"", 0x6A80, id="no CAP"),
    ],
)
def test_bad_load_files_do_not_enter(issuer: Host, block: bytes, digest: bytes, sw: int) -> None:
    assert load(issuer, block, digest=digest) == sw
    assert issuer.card.image.chip.load_file(PACKAGE) is None


def test_load_out_of_order(issuer: Host) -> None:
    assert issuer.send(0x80, 0xE8, 0x80, 0x00, b"x").sw == 0x6985
    assert install(issuer, 0x02, PACKAGE, b"", b"", b"", b"") == 0x9000
    assert issuer.send(0x80, 0xE8, 0x00, 0x01, b"x").sw == 0x6A86
    assert issuer.send(0x80, 0xE8, 0x00, 0x00, b"x").sw == 0x6985


def test_deleting(issuer: Host) -> None:
    issuer.must(issuer.install(PIV_MODULE, PIV_AID))
    assert delete(issuer, PACKAGE) == 0x6A88
    assert delete(issuer, ISD_AID) == 0x6985
    assert delete(issuer, LOAD_FILE_AID) == 0x6985  # in use
    assert delete(issuer, PIV_AID, 0x01) == 0x6A86
    assert delete(issuer, PIV_AID) == 0x9000
    assert issuer.select(PIV_AID).sw == 0x6A82
    assert delete(issuer, LOAD_FILE_AID) == 0x9000
    assert status(issuer, 0x20)[0] == 0x6A88


def test_deleting_with_all_that_came_from_it(issuer: Host) -> None:
    issuer.must(issuer.install(PIV_MODULE, PIV_AID))
    assert delete(issuer, LOAD_FILE_AID, 0x80) == 0x9000
    assert issuer.card.image.chip.applications == ()


def test_status_is_told_in_parts(issuer: Host) -> None:
    expected = [sector_aid(number) for number in range(0x10, 0x20)]
    for aid in expected:
        issuer.must(issuer.install(SECTOR_MODULE, aid))
    told, p2, parts = b"", 0x02, 0
    while True:
        sw, part = status(issuer, 0x40, p2=p2)
        told, p2, parts = told + part, 0x03, parts + 1
        assert len(part) <= 239  # fits one short answer with R-ENC and R-MAC
        if sw == 0x9000:
            break
        assert sw == 0x6310
    assert parts > 1
    assert [find(entry.value, 0x4F) for entry in parse_all(told)] == expected
    assert status(issuer, 0x40, p2=0x03)[0] == 0x6985


@pytest.mark.parametrize(
    ("p1", "data", "p2", "sw"),
    [
        (0x30, "4F00", 2, 0x6A86),
        (0x40, "4F00", 0, 0x6A86),
        (0x20, "", 2, 0x6A80),
        (0x20, "4F", 2, 0x6A80),
        (0x20, "4F01FF", 2, 0x6A88),
    ],
)
def test_malformed_get_status(issuer: Host, p1: int, data: str, p2: int, sw: int) -> None:
    assert status(issuer, p1, data, p2)[0] == sw


def test_status_with_a_tag_list(issuer: Host) -> None:
    assert status(issuer, 0x20, "4F005C029F70") == (
        0x9000,
        bytes(Tlv(0xE3, Tlv(0x4F, LOAD_FILE_AID) + Tlv(0x9F70, b"\x01"))),
    )


def test_issuer_and_card_number_are_stored(issuer: Host) -> None:
    assert issuer.send(0x80, 0xCA, 0x00, 0x42).sw == 0x6A88
    assert (
        issuer.send(0x80, 0xE2, 0x88, 0x00, bytes.fromhex("00700A4203360001 4503ABCDEF".replace(" ", ""))).sw == 0x9000
    )
    assert issuer.must(issuer.send(0x80, 0xCA, 0x00, 0x42)).hex() == "4203360001"
    assert issuer.must(issuer.send(0x00, 0xCA, 0x00, 0x45)).hex() == "4503abcdef"
    assert issuer.send(0x80, 0xE2, 0x90, 0x00, bytes.fromhex("450101")).sw == 0x9000
    assert issuer.must(issuer.send(0x80, 0xCA, 0x00, 0x45)).hex() == "450101"


def test_store_data_in_blocks(issuer: Host) -> None:
    assert issuer.send(0x80, 0xE2, 0x08, 0x00, bytes.fromhex("0070054203"), None).sw == 0x9000
    assert issuer.card.image.chip.objects == {}
    assert issuer.send(0x80, 0xE2, 0x88, 0x01, bytes.fromhex("360001"), None).sw == 0x9000
    assert issuer.card.image.chip.objects == {0x42: bytes.fromhex("360001")}


@pytest.mark.parametrize(
    ("p1", "p2", "data", "sw"),
    [
        (0x88, 0x01, "0070054203360001", 0x6A86),
        (0x88, 0x00, "0070064203360001", 0x6A80),
        (0x88, 0x00, "0071054203360001", 0x6A88),
        (0x90, 0x00, "C1020001", 0x6A80),
        (0x90, 0x00, "D30100", 0x6A80),
        (0xE8, 0x00, "0070054203360001", 0x6A80),
        (0x80, 0x00, "4203360001", 0x6A80),
    ],
)
def test_malformed_store_data(issuer: Host, p1: int, p2: int, data: str, sw: int) -> None:
    assert issuer.send(0x80, 0xE2, p1, p2, bytes.fromhex(data)).sw == sw
    assert issuer.card.image.chip.objects == {}


def test_what_anyone_may_ask_the_card(host: Host) -> None:
    cplc = host.must(host.plain("80CA9F7F00"))
    assert cplc[:3].hex() == "9f7f2a"
    assert len(cplc) == 45
    assert bytes.fromhex("2A864886FC6B040370") in host.must(host.plain("80CA006600"))
    assert host.must(host.plain("80CA006700"))[0] == 0x67
    assert host.must(host.plain("80CA00E000")).hex() == "e012c00401ff8820c00402ff8820c00403ff8820"
    assert host.must(host.plain("80CA00C100")).hex() == "c103000000"
    assert host.must(host.plain("80CAFF2100"))[:2].hex() == "ff21"
    assert host.plain("80CA123400").sw == 0x6A88


def test_the_list_of_applications_is_the_issuers(issuer: Host) -> None:
    issuer.must(issuer.install(SECTOR_MODULE, sector_aid(1)))
    assert issuer.must(issuer.send(0x80, 0xCA, 0x2F, 0x00, bytes.fromhex("5C00"))) == Tlv(
        0x61, Tlv(0x4F, sector_aid(1))
    )
    issuer.card.reset()
    issuer.channel = None
    assert issuer.plain("80CA2F00025C0000").sw == 0x6982


def test_management_without_a_channel_is_refused(host: Host) -> None:
    commands = [
        "80E400000B4F09F04B4A535249000200",
        "80E60C0000",
        "80F0800700",
        "80F28002024F0000",
        "80E2880000",
        "80E8800000",
    ]
    assert {host.plain_raw(command).sw for command in commands} <= {0x6982, 0x6700}
    assert host.plain("80F28002024F0000").sw == 0x6982
