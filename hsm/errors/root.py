# SPDX-License-Identifier: Apache-2.0
"""The root of what can go wrong with the keys."""

from cardservice.errors import KartuError


class HsmError(KartuError):
    """The root of what can go wrong with the keys."""

    code = "hsm"
