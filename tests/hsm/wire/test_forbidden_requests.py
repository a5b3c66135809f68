# SPDX-License-Identifier: Apache-2.0
"""Requests that nobody may make, sent as bytes through a real socket: each gets its typed refusal, and the connection lives on."""

from pathlib import Path

import pytest

from hsm.errors import errors_by_code
from hsm.wire.protocol import OPERATIONS
from tests.hsm.documents import proof_input, token_input
from tests.hsm.raw_caller import RawCaller

KDD = bytes(10)
ISSUER = ["scheme", 0x30, KDD, 0]
TRANSPORT = ["transport", 0xFF, KDD, 0]
UNKNOWN, MALFORMED, DOCUMENT = "hsm-operation-unknown", "hsm-request-malformed", "hsm-document-refused"
NOT_FOUND, WRAP, UNSEAL, FRAME = "hsm-key-not-found", "hsm-wrap-refused", "hsm-unseal-refused", "hsm-frame-malformed"

GRANT = "hsm-grant-refused"
NO_GRANT = [bytes(40), [["ani", bytes(64)], ["budi", bytes(64)]]]

FORBIDDEN: list[tuple[str, object, str]] = [
    ("sign", ["sign", "card-ca", bytes(32)], UNKNOWN),
    ("sign raw", ["sign-raw", bytes(32)], UNKNOWN),
    ("sign a hash", ["sign-hash", bytes(32)], UNKNOWN),
    ("export", ["export", "card-master", 0x30], UNKNOWN),
    ("read the store", ["dump"], UNKNOWN),
    ("wrap a master", ["wrap", "card-master", "seal"], UNKNOWN),
    ("import a key", ["import-key", "card-master", bytes(32)], UNKNOWN),
    ("generate", ["generate", "card-ca"], UNKNOWN),
    ("delete", ["delete", "card-ca"], UNKNOWN),
    ("derive a static key", ["derive", *ISSUER], UNKNOWN),
    ("cmac", ["cmac", "card-master", bytes(16)], UNKNOWN),
    ("encrypt a block", ["encrypt", "card-master", bytes(16)], UNKNOWN),
    ("unseal all", ["unseal-all"], UNKNOWN),
    ("stop", ["stop"], UNKNOWN),
    ("an attribute of the code", ["__class__"], UNKNOWN),
    ("a hash as token", ["sign-eligibility-token", bytes(32)], DOCUMENT),
    ("a hash as proof", ["sign-cover-proof", bytes(32)], DOCUMENT),
    ("a hash as certificate", ["sign-card-certificate", bytes(32)], DOCUMENT),
    ("a hash as audit root", ["sign-audit-root", bytes(32)], DOCUMENT),
    ("a hash as receipt", ["sign-receipt", bytes(32)], DOCUMENT),
    ("a token by the receipt key", ["sign-receipt", token_input("AAAAAAAAAAA")], DOCUMENT),
    ("a proof by the token key", ["sign-eligibility-token", proof_input("AAAAAAAAAAA")], DOCUMENT),
    ("a token by the proof key", ["sign-cover-proof", token_input("AAAAAAAAAAA")], DOCUMENT),
    ("an empty document", ["sign-eligibility-token", b""], MALFORMED),
    ("a text as document", ["sign-eligibility-token", "a.b"], MALFORMED),
    ("a document and a kid", ["sign-eligibility-token", token_input("A"), "AAAAAAAAAAA"], MALFORMED),
    ("8 kB and more", ["sign-eligibility-token", bytes(8193)], MALFORMED),
    ("the seal key's public half", ["list-verifying-keys", "seal"], MALFORMED),
    ("a purpose that is none", ["list-verifying-keys", "everything"], MALFORMED),
    ("unseal without reason", ["unseal", "a", bytes(40)], MALFORMED),
    ("unseal for an empty reason", ["unseal", "a", bytes(40), ""], MALFORMED),
    ("a NIK as reason", ["unseal", "a", bytes(40), "for 3171010101010001"], MALFORMED),
    ("a line break in the reason", ["unseal", "a", bytes(40), "x\nhsm INFO forged"], MALFORMED),
    ("another's reason in a context", ["unseal", "a reason=print", bytes(40), "mine"], MALFORMED),
    ("many, with a reason in a context", ["unseal-many", [["a reason=b", bytes(40)]], "audit", NO_GRANT], MALFORMED),
    ("seal for a context with a space", ["seal", [["a b", b"v"]]], MALFORMED),
    ("lift a limit of two words", ["lift-anomaly", "unseal uid=7", 0, "hurry", NO_GRANT], MALFORMED),
    ("many at once", ["unseal", ["a", "b"], [bytes(40)] * 2, "all"], MALFORMED),
    ("unseal what is not sealed", ["unseal", "a", bytes(40), "try"], UNSEAL),
    ("unseal a format of tomorrow", ["unseal", "a", b"\x02" + bytes(40), "try"], UNSEAL),
    ("unseal under a key of tomorrow", ["unseal", "a", b"\x01\x00\x09" + bytes(40), "try"], UNSEAL),
    ("open a partner's secret", ["unseal", "banks.secret_sealed.BCA", bytes(80), "try"], UNSEAL),
    (
        "a NIK as partner's secret",
        ["check-partner-signature", "members.nik_sealed.1", bytes(80), b"x", bytes(64)],
        UNSEAL,
    ),
    ("a partner's signature made", ["sign-as-partner", "banks.secret_sealed.BCA", bytes(80), b"x"], UNKNOWN),
    (
        "a short signature",
        ["check-partner-signature", "banks.secret_sealed.BCA", bytes(80), b"x", bytes(63)],
        MALFORMED,
    ),
    ("no signature", ["check-partner-signature", "banks.secret_sealed.BCA", bytes(80), b"x"], MALFORMED),
    ("channel without challenge", ["open-secure-channels", [[ISSUER, bytes(8), None, None, b""]]], MALFORMED),
    ("channel with both", ["open-secure-channels", [[ISSUER, bytes(8), bytes(8), 1, bytes(8)]]], MALFORMED),
    ("challenges of two modes", ["open-secure-channels", [[ISSUER, bytes(8), bytes(16), None, b""]]], MALFORMED),
    ("a host challenge of nothing", ["open-secure-channels", [[ISSUER, b"", b"", None, b""]]], MALFORMED),
    ("a counter of 4 bytes", ["open-secure-channels", [[ISSUER, bytes(8), None, 1 << 24, bytes(8)]]], MALFORMED),
    ("a negative counter", ["open-secure-channels", [[ISSUER, bytes(8), None, -1, bytes(8)]]], MALFORMED),
    ("no AID", ["open-secure-channels", [[ISSUER, bytes(8), None, 1, b""]]], MALFORMED),
    ("no channels", ["open-secure-channels", []], MALFORMED),
    (
        "a KDD of 9 bytes",
        ["open-secure-channels", [[["scheme", 0x30, bytes(9), 0], *[bytes(8)] * 2, None, b""]]],
        MALFORMED,
    ),
    (
        "a wrong key version",
        ["open-secure-channels", [[["scheme", 0x20, KDD, 0], *[bytes(8)] * 2, None, b""]]],
        NOT_FOUND,
    ),
    (
        "an unknown sector",
        ["open-secure-channels", [[["scheme", 0x30, KDD, 2], *[bytes(8)] * 2, None, b""]]],
        NOT_FOUND,
    ),
    ("an origin that is none", ["wrap-key-set", ["seal", 0x30, KDD, 0], TRANSPORT], MALFORMED),
    ("back to transport keys", ["wrap-key-set", TRANSPORT, ISSUER], WRAP),
    ("another card's keys", ["wrap-key-set", ISSUER, ["transport", 0xFF, b"\x01" * 10, 0]], WRAP),
    ("a sector's keys under transport", ["wrap-key-set", ["scheme", 0x30, KDD, 1], TRANSPORT], WRAP),
    ("the current master of sector 256", ["list-current-masters", [256]], MALFORMED),
    ("the current master of a key set", ["list-current-masters", [ISSUER]], MALFORMED),
    ("the current master of nothing", ["list-current-masters", []], MALFORMED),
    ("the current master of an unknown sector", ["list-current-masters", [0, 2]], NOT_FOUND),
    ("seal a map", ["seal", {"a": b"v"}], MALFORMED),
    ("seal for a context with a NIK", ["seal", [["member/3171010101010001", b"v"]]], MALFORMED),
    ("sector 256", ["pseudonym", 256, b"m"], MALFORMED),
    ("sector true", ["pseudonym", True, b"m"], MALFORMED),
    ("nobody's pseudonym", ["pseudonym", 1, b""], MALFORMED),
    ("an index of nothing", ["blind-index", [b""]], MALFORMED),
    ("many without a grant", ["unseal-many", [["a", bytes(40)]], "audit"], MALFORMED),
    ("many with an empty grant", ["unseal-many", [["a", bytes(40)]], "audit", []], MALFORMED),
    ("many with a grant of zeros", ["unseal-many", [["a", bytes(40)]], "audit", NO_GRANT], GRANT),
    ("none of many", ["unseal-many", [], "audit", NO_GRANT], MALFORMED),
    ("many for no reason", ["unseal-many", [["a", bytes(40)]], "", NO_GRANT], MALFORMED),
    ("lift a limit without an officer", ["lift-anomaly", "unseal", 0, "hurry"], MALFORMED),
    ("lift a limit with a grant of zeros", ["lift-anomaly", "unseal", 0, "hurry", NO_GRANT], GRANT),
    ("enrol an officer", ["keep-record", "officer/me", bytes(65)], UNKNOWN),
    ("revoke without a reason", ["revoke-cards", [KDD]], MALFORMED),
    ("revoke a line break", ["revoke-cards", [KDD], "x\n00000000000000000000 1 y"], MALFORMED),
    ("revoke nothing", ["revoke-cards", [], "stolen"], MALFORMED),
    ("revoke a KDD of 9 bytes", ["revoke-cards", [bytes(9)], "stolen"], MALFORMED),
    ("give a card back", ["reinstate-card", KDD], UNKNOWN),
    ("no operation", [], FRAME),
    ("a number as operation", [7], FRAME),
    ("a map", {"operation": "ping"}, FRAME),
    ("null", None, FRAME),
]


@pytest.mark.parametrize(("name", "request_", "code"), FORBIDDEN, ids=[name for name, _, _ in FORBIDDEN])
def test_forbidden_requests_are_refused(socket_path: Path, name: str, request_: object, code: str) -> None:
    with RawCaller(socket_path) as caller:
        ((outcome, found, evidence),) = caller.ask(request_)
        assert (outcome, found) == (1, code), name
        assert found in errors_by_code()
        assert all(isinstance(value, str | int) for value in evidence.values())
        assert caller.ask(["ping"]) == [[0, "software"]]


def test_there_are_more_than_forty_and_every_operation_that_uses_a_secret_is_among_them() -> None:
    assert len({name for name, _, _ in FORBIDDEN}) == len(FORBIDDEN) >= 70
    tried = {str(request[0]) for _, request, _ in FORBIDDEN if isinstance(request, list) and request}
    assert tried >= set(OPERATIONS) - {"ping", "show-ca-certificate"}


def test_a_forbidden_request_does_not_harm_its_neighbours(socket_path: Path) -> None:
    with RawCaller(socket_path) as caller:
        answers = caller.ask(["ping"], ["export"], ["ping"])
    assert [answer[0] for answer in answers] == [0, 1, 0]
