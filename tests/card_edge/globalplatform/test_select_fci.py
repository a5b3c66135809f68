# SPDX-License-Identifier: Apache-2.0
import pytest

from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.globalplatform.select import ISSUER_SECURITY_DOMAIN, parse_select, select


def test_select_by_name_and_by_default() -> None:
    assert select(ISSUER_SECURITY_DOMAIN).encode().hex() == "00a4040008a00000015100000000"
    assert select().encode().hex() == "00a4040000"


def test_the_fci_of_a_security_domain() -> None:
    fci = parse_select(bytes.fromhex("6F108408A000000151000000A5049F6501FF"))
    assert (fci.aid, fci.max_data_length) == (ISSUER_SECURITY_DOMAIN, 255)
    assert parse_select(bytes.fromhex("6F0A8408A000000151000000")).max_data_length is None


@pytest.mark.parametrize("answer", ["", "6F00", "6F048402A0", "7000", "6F0C8408A000000151000000A50100"])
def test_a_broken_fci_is_a_typed_error(answer: str) -> None:
    with pytest.raises(MalformedTlv):
        parse_select(bytes.fromhex(answer))
