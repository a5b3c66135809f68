# SPDX-License-Identifier: Apache-2.0
"""Every PIV object read back under R-MAC and compared: by one GET DATA with a list of tags, or one by one where a card knows no lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from cardservice.card_edge.batch import Batch, Pending
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.ground import Groundwork
from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.piv.get_data import LIST_MAX, get_data, get_data_list, parse_get_data, parse_get_data_list
from cardservice.card_edge.piv.verify import verify
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.script import SUCCESS_ONLY
from cardservice.card_edge.status_word import StatusWord

# What a card answers that takes one tag only (decision 0093): wrong data, not found, or the reference not found.
LIST_ANSWERS = frozenset(
    {*SUCCESS_ONLY, StatusWord.WRONG_DATA, StatusWord.NOT_FOUND, StatusWord.REFERENCED_DATA_NOT_FOUND}
)
ANSWER_MAX = 0x2000  # bytes of contents asked for at once: half of what 64 GET RESPONSEs fetch


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The objects as written, and the answers that must say the same."""

    objects: Mapping[int, bytes]
    listed: Pending | None
    single: Mapping[int, Pending]

    @classmethod
    def ask(cls, batch: Batch, channel: SecureChannel, objects: Mapping[int, bytes]) -> "ReadBack":
        """One list of all tags where the answer is not too long. The PIN is verified: printed information is behind it."""
        tags = sorted(objects)
        if len(tags) <= LIST_MAX and sum(map(len, objects.values())) <= ANSWER_MAX:
            listed = batch.add("read back all objects", get_data_list(tags), channel=channel, accept=LIST_ANSWERS)
            return cls(objects, listed, {})
        return cls(objects, None, _one_by_one(batch, channel, tags))

    def compare(self, ground: Groundwork, batch: Batch, pin: bytes) -> Dialogue[str]:
        """SHA-256 (hex) over all objects, in tag order; one yield more where the list was refused. Raises UnexpectedResponse."""
        tags = sorted(self.objects)
        if self.listed is not None and self.listed.sw == StatusWord.SUCCESS:
            return self._digest(parse_get_data_list(tags, self.listed.data))
        single = self.single
        if self.listed is not None:
            channel = yield from ground.select_piv(batch)
            batch.add("VERIFY PIN", verify(pin), channel=channel)
            single = _one_by_one(batch, channel, tags)
            yield from batch.flush("read back one by one")
        return self._digest({tag: parse_get_data(tag, single[tag].data) for tag in tags})

    def _digest(self, read: Mapping[int, bytes]) -> str:
        digest = sha256()
        for tag, content in read.items():
            if content != self.objects[tag]:
                raise UnexpectedResponse(step=f"read back {tag:X}", rule="what was written")
            digest.update(tag.to_bytes(3, "big") + len(content).to_bytes(4, "big") + content)
        return digest.hexdigest()


def _one_by_one(batch: Batch, channel: SecureChannel, tags: list[int]) -> dict[int, Pending]:
    return {tag: batch.add(f"read back {tag:X}", get_data(tag), channel=channel) for tag in tags}
