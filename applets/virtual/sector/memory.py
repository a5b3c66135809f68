# SPDX-License-Identifier: Apache-2.0
"""The sector instance's memory, read and committed."""

from dataclasses import replace

from applets.virtual.chip import SectorMemory
from applets.virtual.runtime import Runtime


def memory_of(runtime: Runtime) -> SectorMemory:
    """The memory of the selected sector, as last committed."""
    application = runtime.application
    assert application is not None
    assert isinstance(application.memory, SectorMemory)
    return application.memory


def commit(runtime: Runtime, memory: SectorMemory) -> None:
    """Make this the memory of the selected sector, in one transaction."""
    application = runtime.application
    assert application is not None
    runtime.image.commit(runtime.chip.with_application(replace(application, memory=memory)))
