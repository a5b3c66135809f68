# SPDX-License-Identifier: Apache-2.0
"""INSTALL in all its forms (GP 2.3.1, 11.5)."""

from collections.abc import Callable
from dataclasses import replace

from applets.virtual.chip import (
    ISD_AID,
    PIV_MODULE,
    SECTOR_MODULE,
    SSD_LOAD_FILE,
    SSD_MODULE,
    Application,
    ApplicationState,
    Chip,
    Memory,
    PivMemory,
    SectorMemory,
)
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.length_value import read_fields
from applets.virtual.runtime import Runtime
from applets.virtual.transient import Loading, Storing
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import parse_dict

NO_CONFIRMATION = b"\x00"
AID_LENGTHS = range(5, 17)
APPLICATION_PARAMETERS = 0xC9
SECURITY_DOMAIN_PRIVILEGE = 0x80
DIGEST_LENGTHS = frozenset({0, 20, 32, 48, 64})


def install(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 E6 P1 00``. 6A86 for a form that we have not, 6A80 bad data, 6A88 something named is not there, 6985 not possible now."""
    runtime.demand_mac()
    form = _FORMS.get(command.p1)
    if form is None or command.p2:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    form(runtime, command.data)
    return ResponseApdu(NO_CONFIRMATION, StatusWord.SUCCESS)


def _for_load(runtime: Runtime, data: bytes) -> None:
    load_file, domain, digest, _parameters, _token = read_fields(data, 5)
    _demand_aid(load_file)
    if len(digest) not in DIGEST_LENGTHS:
        raise Refused(StatusWord.WRONG_DATA)
    if domain and domain != ISD_AID:
        _demand_domain(runtime.chip, domain)
    if runtime.chip.load_file(load_file) or runtime.chip.application(load_file):
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    runtime.transient.loading = Loading(load_file, digest, domain or ISD_AID)


def _for_install(runtime: Runtime, data: bytes) -> None:
    runtime.image.commit(_installed(runtime.chip, data, ApplicationState.INSTALLED))


def _for_install_and_make_selectable(runtime: Runtime, data: bytes) -> None:
    runtime.image.commit(_installed(runtime.chip, data, ApplicationState.SELECTABLE))


def _for_make_selectable(runtime: Runtime, data: bytes) -> None:
    first, second, aid, privileges, _parameters, _token = read_fields(data, 6)
    application = _demand_application(runtime.chip, aid)
    if first or second:
        raise Refused(StatusWord.WRONG_DATA)
    if application.life_cycle != ApplicationState.INSTALLED:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    changed = replace(
        application,
        life_cycle=int(ApplicationState.SELECTABLE),
        privileges=_three_bytes(privileges) if privileges else application.privileges,
    )
    runtime.image.commit(runtime.chip.with_application(changed))


def _for_extradition(runtime: Runtime, data: bytes) -> None:
    domain, second, aid, fourth, _parameters, _token = read_fields(data, 6)
    application = _demand_application(runtime.chip, aid)
    if second or fourth:
        raise Refused(StatusWord.WRONG_DATA)
    if domain != ISD_AID:
        _demand_domain(runtime.chip, domain)
        if _belongs_to(runtime.chip, domain, aid):
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)  # a domain can't belong to what belongs to it
    runtime.image.commit(runtime.chip.with_application(replace(application, domain=domain)))


def _for_registry_update(runtime: Runtime, data: bytes) -> None:
    domain, second, aid, privileges, _parameters, _token = read_fields(data, 6)
    application = _demand_application(runtime.chip, aid)
    if second or (domain and domain != application.domain):
        raise Refused(StatusWord.WRONG_DATA)
    if privileges:
        changed = _three_bytes(privileges)
        if (changed[0] ^ application.privileges[0]) & SECURITY_DOMAIN_PRIVILEGE:
            raise Refused(StatusWord.WRONG_DATA)  # what is no security domain does not become one
        runtime.image.commit(runtime.chip.with_application(replace(application, privileges=changed)))


def _for_personalization(runtime: Runtime, data: bytes) -> None:
    fields = read_fields(data, 6)
    application = _demand_application(runtime.chip, fields[2])
    if any(fields[:2]) or any(fields[3:]):
        raise Refused(StatusWord.WRONG_DATA)
    if application.locked:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    runtime.transient.storing = Storing(target=application.aid)


_FORMS: dict[int, Callable[[Runtime, bytes], None]] = {
    0x02: _for_load,
    0x04: _for_install,
    0x08: _for_make_selectable,
    0x0C: _for_install_and_make_selectable,
    0x10: _for_extradition,
    0x20: _for_personalization,
    0x40: _for_registry_update,
}


def _installed(chip: Chip, data: bytes, life_cycle: ApplicationState) -> Chip:
    load_file, module, instance, privileges, parameters, _token = read_fields(data, 6)
    instance = instance or module
    _demand_aid(instance)
    _demand_parameters(parameters)
    known = (load_file, module) == (SSD_LOAD_FILE, SSD_MODULE)
    entry = chip.load_file(load_file)
    if not known and (entry is None or module not in entry.modules):
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if instance == ISD_AID or chip.application(instance) or chip.load_file(instance):
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    granted = _three_bytes(privileges)
    if bool(granted[0] & SECURITY_DOMAIN_PRIVILEGE) != known:
        raise Refused(StatusWord.WRONG_DATA)
    application = Application(
        aid=instance,
        load_file=load_file,
        module=module,
        life_cycle=int(life_cycle),
        privileges=granted,
        domain=ISD_AID if entry is None else entry.domain,
        memory=_fresh_memory(module),
    )
    return chip.with_application(application)


def _fresh_memory(module: bytes) -> Memory:
    if module == PIV_MODULE:
        return PivMemory()
    return SectorMemory() if module == SECTOR_MODULE else None


def _demand_aid(aid: bytes) -> None:
    if len(aid) not in AID_LENGTHS:
        raise Refused(StatusWord.WRONG_DATA)


def _demand_parameters(parameters: bytes) -> None:
    """C9 is mandatory, at least ``C9 00`` (GP table 11-49)."""
    try:
        if APPLICATION_PARAMETERS in parse_dict(parameters):
            return
    except MalformedTlv:
        pass
    raise Refused(StatusWord.WRONG_DATA)


def _demand_application(chip: Chip, aid: bytes) -> Application:
    application = chip.application(aid)
    if application is None:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    return application


def _demand_domain(chip: Chip, aid: bytes) -> None:
    application = chip.application(aid)
    if application is None or not application.is_security_domain:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)


def _belongs_to(chip: Chip, domain: bytes, aid: bytes) -> bool:
    """Whether the domain is this application, or belongs to it over any number of steps."""
    entry = chip.application(domain)
    while entry is not None:
        if entry.aid == aid:
            return True
        entry = chip.application(entry.domain)
    return False


def _three_bytes(privileges: bytes) -> bytes:
    """Privileges of 1 or 3 bytes, as 3 (GP 11.1.2)."""
    if len(privileges) not in {1, 3}:
        raise Refused(StatusWord.WRONG_DATA)
    return privileges.ljust(3, b"\x00")
