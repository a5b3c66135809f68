# SPDX-License-Identifier: Apache-2.0
"""The plan of a ceremony: one TOML file that people review, and whose SHA-256 they confirm, so that what was reviewed is what runs.

docs/operations/keys.md describes the file; examples/ceremony.toml is one. Read strictly: a name that is not known is refused.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cardservice.keys import Purpose
from hsm.custody.plan_fields import PlanFields
from hsm.custody.quorum import groups_of
from hsm.custody.shamir import MAX_SHARES
from hsm.errors import OfficerRefused, PlanRefused
from hsm.keys.crypto_periods import CRYPTO_PERIODS, ROTATION_OVERLAP
from hsm.keys.key_plan import MASTERS, KeyPlan
from hsm.limits.officers import officer_record
from hsm.process.production import Environment
from hsm.stores.key_generation import STATIC_KEY_LENGTH

FORMAT = "kartu-ceremony/1"
MAX_LENGTH = 256 * 1024
MAX_GROUPS = 5000  # each is tried with every key, and stands in the transcript: 6 of 12 are 2,509
SUCCEEDED = (Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF)  # the next key is published before it signs
NEEDED = frozenset(Purpose) - {Purpose.TRANSPORT}  # without one of these the key process has no whole set


@dataclass(frozen=True, slots=True)
class PlannedTransport:
    """A supplier's transport key that comes in components: their number, and the KCV of the whole."""

    plan: KeyPlan
    components: int
    kcv: bytes


@dataclass(frozen=True, slots=True)
class CeremonyPlan:
    """What will be done, by whom, with which back end. ``digest`` is what people confirm."""

    scheme: str
    environment: Environment
    store: str
    threshold: int
    custodians: Sequence[str]
    witnesses: Sequence[str]
    officers: Sequence[tuple[str, bytes]]  # names and points: records of the back end (hsm/limits/officers.py)
    keys: Sequence[KeyPlan]
    transport: Sequence[PlannedTransport]
    digest: str


def read_plan(path: Path, now: datetime) -> CeremonyPlan:
    """Read and check a plan file; keys without a date of their own begin at ``now``. Raises PlanRefused."""
    try:
        return parse_plan(content_of(path), now)
    except PlanRefused as refused:
        raise PlanRefused(path=str(path), rule=refused.evidence["rule"]) from None


def parse_plan(content: bytes, now: datetime) -> CeremonyPlan:
    """The plan in the bytes of a file. Raises PlanRefused."""
    fields, digest = top_fields(content, FORMAT)
    begins = fields.moment("begins", now.replace(microsecond=0))
    names = fields.names("custodians")
    threshold = fields.number("threshold", range(2, MAX_SHARES + 1))
    plan = CeremonyPlan(
        scheme=fields.text("scheme"),
        environment=planned_environment(fields.text("environment")),
        store=fields.text("store"),
        threshold=threshold,
        custodians=names,
        witnesses=fields.names("witnesses", least=1),
        officers=[planned_officer(table) for table in fields.tables("officer")],
        keys=[key for table in fields.tables("key") for key in _keys(table, begins)],
        transport=[_transport(table, begins) for table in fields.tables("transport")],
        digest=digest,
    )
    fields.end()
    _refuse_unfit(plan)
    return plan


def content_of(path: Path) -> bytes:
    """The bytes of a plan's file, one more than are allowed where it is too long. Raises PlanRefused."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_LENGTH + 1)
    except OSError as failed:
        raise PlanRefused(rule=f"can be read ({failed.strerror})") from None


def top_fields(content: bytes, form: str) -> tuple[PlanFields, str]:
    """The fields of a plan of this format, and the SHA-256 that people confirm. Raises PlanRefused."""
    if len(content) > MAX_LENGTH:
        raise PlanRefused(rule=f"is at most {MAX_LENGTH} bytes")
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise PlanRefused(rule=f"is TOML in UTF-8 ({broken})") from None
    fields = PlanFields("plan", document)
    if fields.text("format") != form:
        raise PlanRefused(rule=f"has format {form}")
    return fields, hashlib.sha256(content).hexdigest()


def _refuse_unfit(plan: CeremonyPlan) -> None:
    everything = [*plan.keys, *(transport.plan for transport in plan.transport)]
    slots = [(key.purpose, key.version, key.sector) for key in everything]
    missing = sorted(NEEDED - {key.purpose for key in plan.keys})
    officers = [name for name, _ in plan.officers]
    rules = (
        (plan.threshold <= len(plan.custodians) <= MAX_SHARES, "has at least as many custodians as the threshold"),
        (
            groups_of(plan.threshold, len(plan.custodians)) <= MAX_GROUPS,
            f"has at most {MAX_GROUPS} groups of custodians to be tried",
        ),
        (len(set(slots)) == len(slots), "names each key once"),
        (not missing, f"has a key for {', '.join(missing)}"),
        (len(set(officers)) == len(officers), "names each officer once"),
        (len({point for _, point in plan.officers}) == len(officers), "gives each officer a key of his own"),
        (len([key for key in plan.keys if key.purpose is Purpose.CARD_CA]) == 1, "has one card CA key"),
    )
    for holds, rule in rules:
        if not holds:
            raise PlanRefused(rule=rule)


def planned_environment(name: str) -> Environment:
    """The environment that a plan is for. Raises PlanRefused."""
    try:
        return Environment(name)
    except ValueError:
        raise PlanRefused(rule=f"has environment {', '.join(Environment)}") from None


def planned_officer(fields: PlanFields) -> tuple[str, bytes]:
    """The record of an officer whom a plan enrols. Raises PlanRefused."""
    name, point = fields.text("name"), fields.octets("point")
    fields.end()
    try:
        return officer_record(name, point)
    except OfficerRefused as refused:
        raise PlanRefused(rule=f"enrols officer {name} with {refused.evidence.get('rule', 'a point')}") from None


def _keys(fields: PlanFields, begins: datetime) -> Iterator[KeyPlan]:
    """The keys that one table asks for: one per sector, and the successor where verifiers cache."""
    purpose = _purpose(fields.text("purpose"))
    version = fields.number("version", range(1, 0x10000), 1)
    active_from = fields.moment("active_from", begins)
    days = fields.number("days", range(1, 36526), CRYPTO_PERIODS[purpose].making // timedelta(days=1))
    sectors = fields.sectors("sectors") if purpose is Purpose.SECTOR_MASTER else [0]
    derived_length = fields.number("derived_length", (16, 24, 32), STATIC_KEY_LENGTH) if purpose in MASTERS else 0
    fields.end()
    making = timedelta(days=days)
    for sector in sectors:
        yield KeyPlan(purpose, version, active_from, active_from + making, sector, derived_length)
    if purpose in SUCCEEDED:
        follows = active_from + making - ROTATION_OVERLAP
        if follows <= active_from:
            raise PlanRefused(rule=f"lets {purpose} live longer than {ROTATION_OVERLAP.days} days")
        yield KeyPlan(purpose, version + 1, follows, follows + making)


def _transport(fields: PlanFields, begins: datetime) -> PlannedTransport:
    version = fields.number("version", range(1, 0x100))
    days = fields.number("days", range(1, 3653), CRYPTO_PERIODS[Purpose.TRANSPORT].making // timedelta(days=1))
    derived_length = fields.number("derived_length", (16, 24, 32), STATIC_KEY_LENGTH)
    components = fields.number("components", range(2, 6))
    kcv = fields.octets("kcv")
    fields.end()
    if len(kcv) != 3:
        raise PlanRefused(rule="has a KCV of 3 bytes for each transport key")
    plan = KeyPlan(Purpose.TRANSPORT, version, begins, begins + timedelta(days=days), derived_length=derived_length)
    return PlannedTransport(plan, components, kcv)


def _purpose(name: str) -> Purpose:
    try:
        purpose = Purpose(name)
    except ValueError:
        raise PlanRefused(rule=f"has no key for {name}") from None
    if purpose is Purpose.TRANSPORT:
        raise PlanRefused(rule="has transport keys under [[transport]]: they come in components")
    return purpose
