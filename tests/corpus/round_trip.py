"""The round trip of an operation: arguments go in, a request comes out, an answer goes in, a value comes out.

The arguments are made up from the document's schemas; the request is read by the document and must hold what was
given; the answer is made up as well, and what the SDK makes of it must be, encoded again, what was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from samekey.emit.views import OperationSummary

from tests.corpus.answering import Server
from tests.corpus.asking import Asked, Asker
from tests.corpus.bench import Bench, Case
from tests.corpus.checking import RequestCheck, check_value
from tests.corpus.described import Answer, answers_of, is_stream
from tests.corpus.outcome import FAILED_ITSELF, FailureError, Outcome, UntriedError
from tests.corpus.raw import RawOperation
from tests.corpus.sampler import Fill

FILLS: Final[tuple[Fill, ...]] = ("all", "required", "some")
MANY_SIGNS: Final = 4000


def try_operation(bench: Bench, operation: RawOperation, row: OperationSummary) -> Outcome:
    """Call an operation with everything, with little, and with some of it; each of its successes is answered once."""
    case = Case(bench, operation, row, {})
    try:
        answers = answers_of(operation)
        call_styles = [streams for streams in (False, True) if _has_face(case, answers, streams=streams)]
        for index in range(max(len(FILLS), len(answers))):
            for streams in call_styles:
                _go(case, FILLS[index % len(FILLS)], index, answers[index % len(answers)], streams=streams)
    except UntriedError as error:
        return Outcome(operation.key, "untried", str(error), notes=tuple(case.notes))
    except FailureError as error:
        example = error.example[:MANY_SIGNS]
        return Outcome(operation.key, "failed", error.cause, error.detail, example, tuple(case.notes))
    except Exception as error:  # noqa: BLE001  # a defect of the harness is told as one, and hides no other operation
        return Outcome(operation.key, "failed", f"{FAILED_ITSELF}: {type(error).__name__}", str(error))
    return Outcome(operation.key, "passed", notes=tuple(case.notes))


def _has_face(case: Case, answers: Sequence[Answer], *, streams: bool) -> bool:
    """Whether an operation can be called for a value, or for a stream that the document tells of.

    Where it does not tell what a body is, a stream may be asked for as well, and none is known to come.
    """
    if not streams:
        return hasattr(case.method, "detailed")
    is_told = any(is_stream(media_type) for answer in answers for media_type in answer.schemas)
    return case.streams and (is_told or case.has_flag or not hasattr(case.method, "detailed"))


def _go(case: Case, fill: Fill, index: int, answer: Answer, *, streams: bool) -> None:
    asked = Asker(case, fill, index).asked()
    server = Server(case, answer, fill, index, streams)
    value = _called(case, asked, server)
    if server.received is None:
        raise FailureError("nothing was sent", "the call ended without a request")
    RequestCheck(case, asked, server.received).check()
    if server.untried:
        raise UntriedError(server.untried)
    check_value(case, server, value)


def _called(case: Case, asked: Asked, server: Server) -> object:
    case.bench.sdk.handler[:] = [server.handle]
    try:
        if server.streams:
            return getattr(case.method, "stream", case.method)(*asked.positional, **asked.named)
        return case.method.detailed(*asked.positional, **asked.named).data
    except Exception as error:
        if server.untried:
            # No answer could be made up, so what came was none.
            raise UntriedError(server.untried) from error
        if server.refused:
            raise FailureError("an answer that is not asked for", server.refused) from error
        step = "call" if server.received is None else "answer"
        raise FailureError(f"the {step} raised {type(error).__name__}", str(error), server.said) from error
