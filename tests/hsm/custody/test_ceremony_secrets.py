# SPDX-License-Identifier: Apache-2.0
"""Who types a secret where its file's name belongs reads whose it is, and never the secret."""

from datetime import timedelta
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm.custody.ceremony_secrets import BroughtSecrets
from hsm.custody.plan import PlannedTransport
from hsm.errors import PassphraseUnusable
from hsm.keys.key_plan import KeyPlan
from tests.hsm.documents import NOW

TYPED = ["correct horse battery", "c0ffee" * 50, "with a \0 in it"]


@pytest.mark.parametrize("typed", TYPED)
def test_a_custodians_passphrase(typed: str) -> None:
    secrets = BroughtSecrets(passphrases={"Siti Rahayu": Path(typed)})
    with pytest.raises(PassphraseUnusable) as refused, secrets.passphrase_of("Siti Rahayu"):
        pass
    assert refused.value.evidence["source"] == "Siti Rahayu"
    assert typed not in str(refused.value)


@pytest.mark.parametrize("typed", TYPED)
def test_the_passphrase_of_a_share(typed: str) -> None:
    secrets = BroughtSecrets(passphrases={"share-1.share": Path(typed)})
    with pytest.raises(PassphraseUnusable) as refused, secrets.passphrase_for(Path("shares/share-1.share")):
        pass
    assert refused.value.evidence["source"] == "share-1.share"
    assert typed not in str(refused.value)


@pytest.mark.parametrize("typed", TYPED)
def test_a_component_of_a_transport_key(typed: str) -> None:
    plan = KeyPlan(Purpose.CARD_MASTER, 0xFF, NOW, NOW + timedelta(days=1), 0, 16)
    secrets = BroughtSecrets(components={(0xFF, 1): Path(typed)})
    with pytest.raises(PassphraseUnusable) as refused:
        secrets.component(PlannedTransport(plan, 2, bytes(3)), 1)
    assert refused.value.evidence["source"] == "component FF:1"
    assert typed not in str(refused.value)
