# SPDX-License-Identifier: Apache-2.0
"""The card: APDUs, bytes, round trips, host CPU, reader speed, predicted time on real chips, and SCP03 beside yubikit."""

from collections.abc import Iterator
from functools import partial

from bench.beside_yubikit import Beside, set_up_beside_yubikit, wrap_beside_yubikit
from bench.card_work import apdus_of
from bench.chip_model import Case, Contact, Contactless, predicted
from bench.conversation import Conversation, converse
from bench.figure import Figure
from bench.host_share import RUNS, personalization_cpu, tap_cpu
from bench.issuer import SECTORS, Issuer, blank_card, stored_content
from bench.published_timings import CHIPS, P71
from bench.reader_rate import NotMeasured, rate_in_process, rates
from bench.service_share import service_cpu
from bench.traffic import Traffic, written
from cardservice.card_edge.dialogues.personalization_plan import Personalized
from cardservice.card_edge.dialogues.prove_presence import Presence, prove_presence

TAP_LIMITS = {106: 130.0, 424: 100.0}  # kbit/s to ms, pessimistic, on P71
BIT_RATES = (106, 424, 848)
PAYLOAD = "plain data of all commands but SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, INSTALL for personalization"


def figures() -> Iterator[Figure]:
    """All figures, then how many goals are met."""
    goals = met = 0
    for figure in _figures():
        goals += figure.goal is not None
        met += figure.met is True
        yield figure
    yield Figure("goals met", met, "goals", f"{goals} goals", met / goals)


def transcripts() -> tuple[Issuer, Conversation[Personalized], Conversation[Presence]]:
    """A blank card personalized, then tapped."""
    issuer, card = Issuer(), blank_card()
    personalized = converse(issuer.dialogue(), card)
    card.reset()
    return issuer, personalized, converse(prove_presence(SECTORS[0], bytes(4), bytes(32)), card)


def _figures() -> Iterator[Figure]:
    issuer, personalized, tap = transcripts()
    stored = written(personalized, stored_content(issuer.plan, personalized.result.credentials))
    yield from _personalization(Traffic.of(personalized), stored)
    yield from _tap(Traffic.of(tap))
    yield from _host(issuer)
    yield from reader_figures()
    yield from _chips(personalized, tap)
    yield from _scp03()


def _personalization(traffic: Traffic, stored: int) -> Iterator[Figure]:
    name = "personalize: "
    yield Figure.judged(name + "round trips (yields)", traffic.yields, "trips", "<=", 3)
    yield Figure(name + "APDUs in scripts", traffic.apdus, "APDU")
    yield Figure(
        name + "APDUs on the line, with GET RESPONSE",
        traffic.apdus_on_line,
        "APDU",
        "scripts",
        traffic.apdus_on_line / traffic.apdus,
    )
    yield Figure.judged(
        name + "bytes sent / payload",
        traffic.sent / traffic.payload,
        "x",
        "<=",
        1.3,
        measured_against=PAYLOAD,
        reference=1.0,
    )
    compared = ("payload", traffic.payload)
    yield _part(name + "bytes sent in scripts", traffic.sent, *compared)
    yield _part(name + "bytes sent on the line, with GET RESPONSE", traffic.sent_on_line, *compared)
    yield _part(name + "bytes sent in scripts, stored content only", traffic.sent, "stored content", stored)
    yield Figure(name + "payload", traffic.payload, "B", "plain data fields, see docs/performance.md")
    yield Figure(name + "stored content", stored, "B", "objects, key blocks, proofs, install data, PIN, PUK")
    for part, count in (
        ("session set-up", traffic.set_up),
        ("headers, Lc, Le", traffic.headers),
        ("MACs", traffic.macs),
        ("padding of encrypted data", traffic.padding),
    ):
        yield _part(f"{name}bytes of {part}", count, "bytes sent", traffic.sent)
    yield Figure(name + "bytes received on the line", traffic.received_on_line, "B")


def _tap(traffic: Traffic) -> Iterator[Figure]:
    yield Figure.judged("tap: APDUs", traffic.apdus_on_line, "APDU", "<=", 2)
    yield Figure.judged("tap: round trips (yields)", traffic.yields, "trips", "<=", 1)
    yield Figure("tap: bytes sent", traffic.sent_on_line, "B")
    yield Figure("tap: bytes received", traffic.received_on_line, "B")


def _host(issuer: Issuer) -> Iterator[Figure]:
    share = personalization_cpu(issuer)
    yield Figure.judged(
        "personalize: host CPU, dialogue and cryptography",
        share.dialogue,
        "ms",
        "<=",
        5,
        measured_against=f"the goal; median of {RUNS}, card not counted",
    )
    yield Figure("personalize: host CPU, driver", share.driver, "ms", f"median of {RUNS}, card not counted")
    service = service_cpu()
    yield Figure.judged(
        "personalize: host CPU, whole service",
        service.service + service.keys,
        "ms",
        "<=",
        25,
        measured_against="the goal; order to live card, SQLite, audit, key process",
    )
    yield Figure("personalize: host CPU, of it the key process", service.keys, "ms", "mean, /proc schedstat")
    card = blank_card()
    converse(issuer.dialogue(), card)
    yield Figure("tap: host CPU to relay it", tap_cpu(card, SECTORS[0]), "ms", "median of 200, card not counted")


def reader_figures() -> Iterator[Figure]:
    """APDUs per second, in process and through pcscd where there is one."""
    yield Figure("software card: APDUs per second, image in memory", rate_in_process(), "APDU/s")
    inside, outside = "software card: APDUs per second in process", "software card: APDUs per second through pcscd"
    try:
        in_process, through_pcscd, ratio = rates()
    except NotMeasured as reason:
        yield Figure.unmeasured(outside, "APDU/s", str(reason.evidence["reason"]))
        return
    yield Figure(inside, in_process, "APDU/s", "image in a file")
    yield Figure(outside, through_pcscd, "APDU/s", "in process, same image, by turns", ratio)
    yield Figure("pcscd: time added per APDU", 1e3 / through_pcscd - 1e3 / in_process, "ms", "in process")


def _chips(personalized: Conversation[Personalized], tap: Conversation[Presence]) -> Iterator[Figure]:
    tapping = [apdu for step in tap.steps for apdu in apdus_of(step)]
    writing = [apdu for step in personalized.steps for apdu in apdus_of(step)]
    for chip in CHIPS:
        for rate in BIT_RATES:
            estimate = partial(predicted, chip, Contactless(rate), tapping)
            floor, pessimistic = estimate(Case.FLOOR), estimate(Case.PESSIMISTIC)
            name = f"tap predicted: {chip.name}, {rate} kbit/s"
            yield Figure(f"{name}, floor", floor, "ms")
            if chip is P71 and rate in TAP_LIMITS:
                limit = TAP_LIMITS[rate]
                yield Figure.judged(f"{name}, pessimistic", pessimistic, "ms", "<=", limit)
            else:
                yield _against_floor(f"{name}, pessimistic", pessimistic, floor)
    # PIV is administered over contacts only (docs/card-edge.md, "PIV"), so that is the link for personalization.
    for chip in CHIPS:
        name = f"personalize predicted: {chip.name}, T=1 at TA1 = 96"
        floor, pessimistic = (predicted(chip, Contact(), writing, case) for case in Case)
        yield Figure(f"{name}, floor", floor, "ms")
        yield _against_floor(f"{name}, pessimistic", pessimistic, floor)


def _scp03() -> Iterator[Figure]:
    for name, measure in (
        ("SCP03: channels set up per second of CPU", set_up_beside_yubikit),
        ("SCP03: commands of 224 bytes wrapped per second of CPU", wrap_beside_yubikit),
    ):
        try:
            yield _beside(name, measure())
        except ImportError as absent:
            yield Figure.unmeasured(name, "1/s", f"{absent.name} is not installed", goal=">= 1 x")


def _beside(name: str, beside: Beside) -> Figure:
    against = f"yubikit, {beside.theirs:,.0f}/s; median ratio of turns"
    return Figure(name, beside.ours, "1/s", against, beside.ratio, ">= 1 x", beside.ratio >= 1.0)


def _part(name: str, count: int, of: str, whole: int) -> Figure:
    return Figure(name, count, "B", f"{of}, {whole} B", count / whole)


def _against_floor(name: str, pessimistic: float, floor: float) -> Figure:
    return Figure(name, pessimistic, "ms", "its floor", pessimistic / floor)
