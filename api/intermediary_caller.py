# SPDX-License-Identifier: Apache-2.0
"""The intermediary that calls: ``Authorization: Bearer kpi_...`` (RFC 6750, 2.1) to its code, or 401."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.caller import presented_secret
from api.wiring import Wired
from cardservice.partnership.intermediary_secret import intermediary_of

intermediary_secret = HTTPBearer(
    auto_error=False,
    scheme_name="intermediarySecret",
    description="The secret that `kartu intermediary secret` gave the intermediary, as Bearer.",
)


def calling_intermediary(
    request: Request,
    wiring: Wired,
    _: Annotated[
        HTTPAuthorizationCredentials | None, Depends(intermediary_secret)
    ],  # for OpenAPI; read below, more strictly
) -> str:
    """The caller's code; in a thread. Raises CallerUnknown. Nothing is remembered: a revoked secret is refused at once."""
    with wiring.store.database.read() as connection:
        return intermediary_of(connection, presented_secret(request), wiring.clock())


CallingIntermediary = Annotated[str, Depends(calling_intermediary)]
