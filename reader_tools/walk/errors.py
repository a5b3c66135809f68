# SPDX-License-Identifier: Apache-2.0
"""What can stop the walk.

WalkError
|- ProcessEnded    a process of the walk ended or never became ready
`- StepFailed      a step came out otherwise than it must
"""

from cardservice.errors import KartuError


class WalkError(KartuError):
    """The root of what can stop the walk."""

    code = "walk"


class ProcessEnded(WalkError):
    """A process that the walk needs is not there; evidence: process, log."""

    code = "walk-process-ended"


class StepFailed(WalkError):
    """A step came out otherwise than it must; evidence: step, expected, found."""

    code = "walk-step-failed"
