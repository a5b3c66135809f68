# SPDX-License-Identifier: Apache-2.0
"""GENERATE ASYMMETRIC KEY PAIR (SP 800-73-5 part 2, 3.3.2), under SCP03 only."""

from dataclasses import replace

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.generate_template import demand_p256, public_key_template
from applets.virtual.piv.general_authenticate import KEYS
from applets.virtual.piv.memory import commit, memory_of
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord


def generate(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 47 00 key 05 AC 03 80 01 11 00``. 6A86 another key reference, 6982 without a channel, 6A80 another mechanism."""
    if command.p1 or command.p2 not in KEYS:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    runtime.demand_encryption()
    demand_p256(command.data)
    return ResponseApdu(make_key_pair(runtime, runtime.transient.selected, command.p2), StatusWord.SUCCESS)


def make_key_pair(runtime: Runtime, aid: bytes, key: int) -> bytes:
    """Make a pair in one slot of a PIV instance, in one write; its public key template. 6A86 another key reference."""
    if key not in KEYS:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    scalar = runtime.new_scalar()
    answer = public_key_template(runtime, scalar)
    memory = memory_of(runtime, aid)
    commit(runtime, replace(memory, keys={**memory.keys, key: scalar}), aid)
    return answer
