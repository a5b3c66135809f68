# SPDX-License-Identifier: Apache-2.0
"""What is answered to one frame: each request is read, counted, carried out and answered for itself, whatever becomes of the others.

What is to be signed is read for a whole portion before any of it is signed: a processor is quicker at one kind of work.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from hsm.errors import HsmError, MalformedFrame, OperationFailed
from hsm.operations.key_operations import KeyOperations
from hsm.operations.moment import Moment
from hsm.process.tally import Tally
from hsm.wire.protocol import Answer, decode_list, request_from_wire
from hsm.wire.requests import Request

PORTION, MOMENT = 64, 0.02  # requests and seconds for which one look at the clock serves

log = logging.getLogger("hsm")


class Answering:
    """Answers frames by the operations. ``show_life`` is called at least once a moment, and tells the time, in seconds that only rise."""

    def __init__(
        self,
        operations: KeyOperations,
        *,
        monotonic: Callable[[], float],
        show_life: Callable[[], float],
        tally: Tally,
    ) -> None:
        self._operations = operations
        self._monotonic = monotonic
        self._show_life = show_life
        self._tally = tally

    def answers(self, encoded: bytes, caller: int) -> list[Answer]:
        """To the requests of a frame, in order; or one refusal, of a frame that can't be read."""
        try:
            wires = decode_list(encoded)
        except MalformedFrame as error:
            self._tally.count(caller, f"?:{error.code}")
            return [error]
        read = [_read(wire) for wire in wires]
        answers = self._carried_out(self._admitted(read, caller), caller)
        for what, times in Counter(map(_told, read, answers)).items():
            self._tally.count(caller, what, times)
        return answers

    def _admitted(self, read: Sequence[Request | HsmError], caller: int) -> Sequence[Request | HsmError]:
        """As the limits say. Where the counters themselves fail (a damaged file, no lock), nobody is admitted and the worker goes on."""
        requests = [each for each in read if not isinstance(each, HsmError)]
        try:
            refusals = self._operations.admit(requests, caller)
        except Exception as error:  # noqa: BLE001 - as in ``_finished``
            log.error("failed to count %s", type(error).__name__)  # noqa: TRY400 - as in ``_failed``
            refusals = [OperationFailed(operation=request.operation) for request in requests]
        if not any(refusals):
            return read
        told = iter(refusals)
        return [each if isinstance(each, HsmError) else next(told) or each for each in read]

    def _carried_out(self, admitted: Sequence[Request | HsmError], caller: int) -> list[Answer]:
        """What is no request any more is its own answer. A portion is prepared together, and finished within the same moment or prepared again."""
        answers: list[Answer] = []
        while len(answers) < len(admitted):
            ends = self._show_life() + MOMENT
            portion = admitted[len(answers) : len(answers) + PORTION]
            moment = self._operations.moment(caller)
            for each, rest in zip(portion, [self._prepared(each, moment) for each in portion], strict=True):
                answers.append(rest if isinstance(rest, HsmError) else _finished(each, rest))
                if self._monotonic() >= ends:
                    break
        return answers

    def _prepared(self, request: Request | HsmError, moment: Moment) -> Callable[[], object] | HsmError:
        """What is left to do for a request, or why nothing is."""
        if isinstance(request, HsmError):
            return request
        try:
            return self._operations.prepared(request, moment)
        except HsmError as error:
            return error
        except Exception as error:  # noqa: BLE001 - as in ``_finished``
            return _failed(request, error)


def _read(wire: object) -> Request | HsmError:
    """A request, or why it is none. Readers raise typed errors only; whatever else they raise must not end the worker."""
    try:
        return request_from_wire(wire)
    except HsmError as error:
        return error
    except Exception as error:  # noqa: BLE001 - as in ``_finished``
        log.error("failed to read %s", type(error).__name__)  # noqa: TRY400 - as in ``_failed``
        return OperationFailed(operation="?")


def _told(request: Request | HsmError, answer: Answer) -> str:
    """For the tally."""
    operation = "?" if isinstance(request, HsmError) else request.operation
    return f"{operation}:{answer.code}" if isinstance(answer, HsmError) else operation


def _finished(request: Request | HsmError, rest: Callable[[], object]) -> Answer:
    try:
        return rest()
    except HsmError as error:
        return error
    except Exception as error:  # noqa: BLE001 - one poisoned request must not take the keys from everybody else
        return _failed(request, error)


def _failed(request: Request | HsmError, error: Exception) -> OperationFailed:
    # Its text may quote what it broke on, so only its kind is told.
    operation = getattr(request, "operation", "?")
    log.error("failed %s %s", operation, type(error).__name__)
    return OperationFailed(operation=operation)
