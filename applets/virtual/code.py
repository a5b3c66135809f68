# SPDX-License-Identifier: Apache-2.0
"""Which code runs behind an AID: the security domain, PIV or a sector, by the module that the instance was made from."""

from collections.abc import Callable

from applets.virtual.chip import PIV_MODULE, SECTOR_MODULE, SSD_MODULE
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.piv import application as piv
from applets.virtual.runtime import Runtime
from applets.virtual.sector import application as sector
from applets.virtual.security_domain import application as security_domain
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

Handler = Callable[[Runtime, Frame], ResponseApdu]

_PROCESS: dict[bytes, Handler] = {
    PIV_MODULE: piv.process,
    SECTOR_MODULE: sector.process,
    SSD_MODULE: security_domain.process,
}
_SELECT: dict[bytes, Callable[[Runtime], ResponseApdu]] = {
    PIV_MODULE: piv.answer_to_select,
    SECTOR_MODULE: sector.answer_to_select,
    SSD_MODULE: security_domain.answer_to_select,
}


def process(runtime: Runtime, command: Frame) -> ResponseApdu:
    """Hand a plain, whole command to the selected application."""
    application = runtime.application
    if application is None:
        return security_domain.process(runtime, command)
    handler = _PROCESS.get(application.module)
    if handler is None or application.locked:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    return handler(runtime, command)


def answer_to_select(runtime: Runtime) -> ResponseApdu:
    """What the application just selected says of itself."""
    application = runtime.application
    if application is None:
        return security_domain.answer_to_select(runtime)
    answer = _SELECT.get(application.module)
    return answer(runtime) if answer else ResponseApdu(b"", StatusWord.SUCCESS)
