# SPDX-License-Identifier: Apache-2.0
"""Whether this worker lives, and whether it can answer: database at the needed migration, key process there."""

from fastapi import APIRouter

from api.documentation import problems_of, worked
from api.errors import NotReady
from api.models import Alive, Ready
from api.wiring import Wired, Wiring
from cardservice.records.errors import DatabaseBehind, DatabaseUnavailable
from hsm.errors import HsmError

router = APIRouter(tags=["health"])


@router.get(
    "/healthz",
    operation_id="getHealth",
    summary="Is the process alive",
    responses=problems_of("getHealth"),
    openapi_extra=worked("getHealth"),
)
async def healthz() -> Alive:
    """Answers while the process lives, whatever else is down."""
    return Alive()


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Can it answer",
    responses=problems_of("getReadiness"),
    openapi_extra=worked("getReadiness"),
)
def readyz(wiring: Wired) -> Ready:
    """200 if a verification could be answered now; otherwise 503 with the parts that fail, by their codes."""
    failing = [code for code in (_database(wiring), _keys(wiring)) if code is not None]
    if failing:
        raise NotReady(failing=failing)
    return Ready(database="ok", keys="ok", rule_pack=wiring.packs.at(wiring.clock()).number)


def _database(wiring: Wiring) -> str | None:
    try:
        version = wiring.store.schema_version()
    except (DatabaseUnavailable, DatabaseBehind) as failed:
        return failed.code
    return DatabaseBehind.code if version.is_behind else None


def _keys(wiring: Wiring) -> str | None:
    try:
        wiring.keys.ping()
    except HsmError as failed:
        return failed.code
    return None
