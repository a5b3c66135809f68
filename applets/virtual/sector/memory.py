# SPDX-License-Identifier: Apache-2.0
"""The sector instance's memory, read and committed."""

from dataclasses import replace

from applets.virtual.chip import SectorMemory
from applets.virtual.runtime import Runtime


def memory_of(runtime: Runtime, aid: bytes | None = None) -> SectorMemory:
    """The memory of a sector, the selected one unless another is named, as last committed."""
    application = runtime.chip.application(runtime.transient.selected if aid is None else aid)
    assert application is not None
    assert isinstance(application.memory, SectorMemory)
    return application.memory


def commit(runtime: Runtime, memory: SectorMemory, aid: bytes | None = None) -> None:
    """Make this the memory of a sector, the selected one unless another is named, in one transaction."""
    application = runtime.chip.application(runtime.transient.selected if aid is None else aid)
    assert application is not None
    runtime.image.commit(runtime.chip.with_application(replace(application, memory=memory)))
