# SPDX-License-Identifier: Apache-2.0
"""Asking the keys from a task."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hsm.client.key_faces import KeyFaces
from hsm.client.key_process import KeyProcess

T = TypeVar("T")


def awaited(keys: KeyFaces, asking: Coroutine[Any, Any, T]) -> T:
    """What comes of it in a loop of its own, in which the connections end too."""

    async def asked() -> T:
        try:
            return await asking
        finally:
            if isinstance(keys, KeyProcess):
                keys.close()

    return asyncio.run(asked())
