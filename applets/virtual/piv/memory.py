# SPDX-License-Identifier: Apache-2.0
"""The PIV instance's memory, read and committed."""

from dataclasses import replace

from applets.virtual.chip import PivMemory
from applets.virtual.runtime import Runtime


def memory_of(runtime: Runtime) -> PivMemory:
    """The memory of the selected PIV instance, as last committed."""
    application = runtime.application
    assert application is not None
    assert isinstance(application.memory, PivMemory)
    return application.memory


def commit(runtime: Runtime, memory: PivMemory) -> None:
    """Make this the memory of the selected PIV instance, in one transaction."""
    application = runtime.application
    assert application is not None
    runtime.image.commit(runtime.chip.with_application(replace(application, memory=memory)))
