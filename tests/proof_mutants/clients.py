"""Broken clients."""

from __future__ import annotations

from tests.proof_mutants.mutant import Mutant, Promise

_RUNTIME = "templates/samekey_templates/runtime"
RULES = f"{_RUNTIME}/retry/rules.py"
LOOP = f"{_RUNTIME}/retry/loop.py"
KEYS = f"{_RUNTIME}/retry/keys.py"
RESPONSE = f"{_RUNTIME}/response.py"
ANSWERS_READ = f"{_RUNTIME}/retry/answers.py"

ONCE, CERTAINTY, ANSWERS = Promise.ONCE, Promise.CERTAINTY, Promise.ANSWERS
SAMENESS, LIMITS, LIVENESS = Promise.SAMENESS, Promise.LIMITS, Promise.LIVENESS


def _rule(old: str, new: str) -> tuple[tuple[str, str], ...]:
    return ((old, new),)


CLIENTS = (
    Mutant(
        "a call is sent again after it is done", RULES,
        (("_SUCCESS: Final = _Rule(_NONE, Certainty.APPLIED)", "_SUCCESS: Final = _Rule(_REPEATABLE, Certainty.APPLIED)"),
         ('        if rule.certainty is Certainty.APPLIED:\n            return "it is done"\n', "")),
        {LIMITS},
    ),
    Mutant("a refusal after a lost answer is told as nothing done", RULES,
           _rule("return Certainty.REJECTED if attempts and _denies(call, attempts[-1]) else Certainty.UNKNOWN",
                 "return attempts[-1].certainty if attempts else Certainty.UNKNOWN"), {CERTAINTY}),
    Mutant("503 is told as nothing done", RULES,
           _rule("_BUSY: Final = _Rule(_REPEATABLE, Certainty.UNKNOWN, opt_in=_UNSAFE)",
                 "_BUSY: Final = _Rule(_REPEATABLE, Certainty.REJECTED, opt_in=_UNSAFE)"), {CERTAINTY}),
    Mutant("a lost answer is told as not sent", RULES,
           _rule("Failure.ANSWER_LOST: _Rule(_REPEATABLE, Certainty.UNKNOWN)",
                 "Failure.ANSWER_LOST: _Rule(_REPEATABLE, Certainty.NOT_SENT)"), {CERTAINTY}),
    Mutant("500, 502 and 504 are told as nothing done", RULES,
           _rule("_LOST: Final = _Rule(_REPEATABLE, Certainty.UNKNOWN)", "_LOST: Final = _Rule(_REPEATABLE, Certainty.REJECTED)"),
           {CERTAINTY}),
    Mutant("500, 502 and 504 are told as done", RULES,
           _rule("_LOST: Final = _Rule(_REPEATABLE, Certainty.UNKNOWN)", "_LOST: Final = _Rule(_REPEATABLE, Certainty.APPLIED)"),
           {CERTAINTY, LIVENESS}),
    Mutant("500, 502 and 504 are not sent again", RULES,
           _rule("_LOST: Final = _Rule(_REPEATABLE, Certainty.UNKNOWN)", "_LOST: Final = _Rule(_NONE, Certainty.UNKNOWN)"),
           {LIVENESS}),
    Mutant("503 is not sent again", RULES,
           _rule("_BUSY: Final = _Rule(_REPEATABLE, Certainty.UNKNOWN, opt_in=_UNSAFE)",
                 "_BUSY: Final = _Rule(_NONE, Certainty.UNKNOWN, opt_in=_UNSAFE)"), {LIVENESS}),
    Mutant("nothing is sent again", RULES,
           _rule("_retries_spent(history) >= policy.max_retries", "_retries_spent(history) >= 0"), {LIVENESS}),
    Mutant("everything is told as unknown", RULES,
           _rule("    certainties = [attempt.certainty for attempt in attempts]\n",
                 "    certainties = [Certainty.UNKNOWN for _ in attempts]\n"), {CERTAINTY}),
    Mutant("everything is told as done", RULES,
           _rule("    if call.is_done or Certainty.APPLIED in certainties:", "    if True:"), {CERTAINTY}),
    Mutant("a deadline is none", RULES,
           _rule("    if at >= policy.deadline:", "    if at >= policy.deadline * 4:")
           + _rule("    return min(policy.deadline, call.key_ttl", "    return min(policy.deadline * 4, call.key_ttl"), {LIMITS}),
    Mutant("a call goes on when its key may have been forgotten", RULES,
           _rule("    return call.key_age + at >= call.key_ttl - ttl_margin(call.key_ttl)", "    return False")
           + _rule("    return min(policy.deadline, call.key_ttl - ttl_margin(call.key_ttl) - call.key_age)",
                   "    return policy.deadline"), {ONCE}, "its client has sent it too late"),
    Mutant("a call is settled with a key that has been forgotten", f"{_RUNTIME}/settle.py",
           _rule("    if is_too_old(facts, 0.0) and facts.safety is Safety.KEYED:", "    if not facts:"), {LIMITS},
           "when its key had been forgotten"),
    Mutant("one retry more than allowed", RULES,
           _rule("_retries_spent(history) >= policy.max_retries", "_retries_spent(history) > policy.max_retries"), {LIMITS}),
    Mutant("one retry less than allowed", RULES,
           _rule("_retries_spent(history) >= policy.max_retries", "_retries_spent(history) + 1 >= policy.max_retries"), {LIVENESS}),
    Mutant("there is no backoff", RULES, _rule("    backoff = jitter * longest", "    backoff = 0.0"), {LIMITS}),
    Mutant("the backoff is twenty times too long", RULES, _rule("    backoff = jitter * longest", "    backoff = 20 * jitter * longest"), {LIMITS}),
    Mutant("the backoff is not drawn by chance", RULES, _rule("    backoff = jitter * longest", "    backoff = longest"), {LIMITS}),
    Mutant("the backoff does not grow", RULES,
           _rule("policy.initial_delay * 2.0 ** min(len(history), 60)", "policy.initial_delay * 1.0 ** min(len(history), 60)"),
           {LIMITS}),
    Mutant("the backoff grows without end", RULES,
           _rule("    longest = min(policy.max_delay, policy", "    longest = max(policy.max_delay, policy"), {LIMITS}),
    Mutant("nobody waits before a retry", LOOP,
           _rule("            sleep(delay)\n", "            sleep(0)\n") + _rule("            await sleep(delay)\n", "            await sleep(0)\n"),
           {LIMITS}),
    Mutant("what the server asks to wait is not waited", RULES,
           _rule("    backoff = jitter * longest\n    return backoff if asked is None else asked + backoff",
                 "    return jitter * longest"), {LIMITS}),
    Mutant("an answer that was cut is told as unknown", RULES,
           _rule("Failure.ANSWER_CUT: _Rule(_REPEATABLE, Certainty.APPLIED)", "Failure.ANSWER_CUT: _Rule(_REPEATABLE, Certainty.UNKNOWN)"),
           {CERTAINTY}),
    Mutant("an answer that was cut is not asked for again", RULES,
           _rule("Failure.ANSWER_CUT: _Rule(_REPEATABLE, Certainty.APPLIED)", "Failure.ANSWER_CUT: _Rule(_NONE, Certainty.APPLIED)"),
           {LIVENESS}),
    Mutant("a server that cannot be reached is not called again", RULES,
           _rule("Failure.UNREACHABLE: _Rule(_ALL, Certainty.NOT_SENT)", "Failure.UNREACHABLE: _Rule(_NONE, Certainty.NOT_SENT)"),
           {LIVENESS}),
    Mutant("a server that cannot be reached is told as unknown", RULES,
           _rule("Failure.UNREACHABLE: _Rule(_ALL, Certainty.NOT_SENT)", "Failure.UNREACHABLE: _Rule(_ALL, Certainty.UNKNOWN)"),
           {CERTAINTY}),
    Mutant("a lost answer is not asked for again", RULES,
           _rule("Failure.ANSWER_LOST: _Rule(_REPEATABLE, Certainty.UNKNOWN)", "Failure.ANSWER_LOST: _Rule(_NONE, Certainty.UNKNOWN)"),
           {LIVENESS}),
    Mutant("refusals are sent again", RULES,
           _rule("\n_REFUSAL: Final = _Rule(_NONE, Certainty.REJECTED)\n", "\n_REFUSAL: Final = _Rule(_REPEATABLE, Certainty.REJECTED)\n"),
           {LIMITS}),
    Mutant("refusals are told as unknown", RULES,
           _rule("\n_REFUSAL: Final = _Rule(_NONE, Certainty.REJECTED)\n", "\n_REFUSAL: Final = _Rule(_NONE, Certainty.UNKNOWN)\n"),
           {CERTAINTY}),
    Mutant("429 is not sent again", RULES,
           _rule("_THROTTLED: Final = _Rule(_ALL, Certainty.REJECTED)", "_THROTTLED: Final = _Rule(_NONE, Certainty.REJECTED)"),
           {LIVENESS}),
    Mutant("429 is told as unknown", RULES,
           _rule("_THROTTLED: Final = _Rule(_ALL, Certainty.REJECTED)", "_THROTTLED: Final = _Rule(_ALL, Certainty.UNKNOWN)"),
           {CERTAINTY}),
    Mutant("reads are not sent again", RULES,
           _rule("_REPEATABLE: Final = (Safety.SAFE, Safety.IDEMPOTENT, Safety.KEYED)",
                 "_REPEATABLE: Final = (Safety.IDEMPOTENT, Safety.KEYED)"), {LIVENESS}),
    Mutant("PUT is not sent again", RULES,
           _rule("_REPEATABLE: Final = (Safety.SAFE, Safety.IDEMPOTENT, Safety.KEYED)",
                 "_REPEATABLE: Final = (Safety.SAFE, Safety.KEYED)"), {LIVENESS}),
    Mutant("keyed calls are not sent again", RULES,
           _rule("_REPEATABLE: Final = (Safety.SAFE, Safety.IDEMPOTENT, Safety.KEYED)",
                 "_REPEATABLE: Final = (Safety.SAFE, Safety.IDEMPOTENT)"), {LIVENESS}),
    Mutant("a first request that runs is not asked about again", RULES,
           _rule("_IN_FLIGHT: Final = _Rule(_KEYED, Certainty.UNKNOWN, _Wait.POLL)",
                 "_IN_FLIGHT: Final = _Rule(_NONE, Certainty.UNKNOWN, _Wait.POLL)"), {LIVENESS}),
    Mutant("a first request that runs is told as refused", RULES,
           _rule("_IN_FLIGHT: Final = _Rule(_KEYED, Certainty.UNKNOWN, _Wait.POLL)",
                 "_IN_FLIGHT: Final = _Rule(_KEYED, Certainty.REJECTED, _Wait.POLL)"), {CERTAINTY}),
    Mutant("a resumed key with another payload is told as nothing done", RULES,
           _rule("    if not call.resumed and Certainty.UNKNOWN not in certainties:", "    if Certainty.UNKNOWN not in certainties:")
           + _rule("return _MISMATCH_LATER if history or call.resumed else _MISMATCH_FIRST", "return _MISMATCH_FIRST"), {CERTAINTY}),
    Mutant("a call that was given up is told as not sent", RULES,
           _rule("Failure.CANCELLED: _Rule(_NONE, Certainty.UNKNOWN)", "Failure.CANCELLED: _Rule(_NONE, Certainty.NOT_SENT)"), {CERTAINTY}),
    Mutant("a call whose deadline passed is told as not sent", RULES,
           _rule("Failure.DEADLINE: _Rule(_NONE, Certainty.UNKNOWN)", "Failure.DEADLINE: _Rule(_NONE, Certainty.NOT_SENT)"), {CERTAINTY}),
    Mutant("keys have twelve bits", KEYS,
           _rule('_versioned(int.from_bytes(os.urandom(16), "big"), 4)', '_versioned(int.from_bytes(os.urandom(16), "big") % 4096, 4)'),
           {SAMENESS, ONCE, ANSWERS}),
    Mutant("forks draw the same keys", KEYS,
           _rule('_versioned(int.from_bytes(os.urandom(16), "big"), 4)', "_versioned(_CHANCE.getrandbits(128), 4)")
           + _rule("def mint(form", "_CHANCE = __import__('random').Random()\n\n\ndef mint(form"), {SAMENESS, ONCE, ANSWERS}),
    Mutant("the bytes of a retry differ", LOOP,
           _rule("        self.sent = request\n        return request if self.span is None",
                 "        if self._attempts and isinstance(request.content, bytes):\n"
                 "            import msgspec  # noqa: PLC0415\n\n"
                 "            request = msgspec.structs.replace(request, content=request.content + b' ')\n"
                 "        self.sent = request\n        return request if self.span is None"), {SAMENESS}),
    Mutant("a retry goes without its key", LOOP,
           _rule("        self.sent = request\n        return request if self.span is None",
                 "        if self._attempts:\n"
                 "            import msgspec  # noqa: PLC0415\n\n"
                 "            kept = tuple(pair for pair in request.headers if pair[0].lower() != 'idempotency-key')\n"
                 "            request = msgspec.structs.replace(request, headers=kept)\n"
                 "        self.sent = request\n        return request if self.span is None"), {SAMENESS, ONCE}),
    Mutant("each retry has a key of its own", LOOP,
           _rule("        self.sent = request\n        return request if self.span is None",
                 "        if self._attempts:\n"
                 "            import uuid  # noqa: PLC0415\n\n"
                 "            import msgspec  # noqa: PLC0415\n\n"
                 "            fresh = tuple((n, str(uuid.uuid4()) if n.lower() == 'idempotency-key' else v) for n, v in request.headers)\n"
                 "            request = msgspec.structs.replace(request, headers=fresh)\n"
                 "        self.sent = request\n        return request if self.span is None"), {SAMENESS, ONCE}),
    Mutant("every twentieth caller is given the answer of another call", RESPONSE,
           _rule("    return record, outcome, answer\n",
                 "    _LATE.append(answer)\n"
                 "    return record, outcome, _LATE[-2] if len(_LATE) % 20 == 0 else answer\n")
           + _rule("def is_strict(", "_LATE: list[RawAnswer] = []\n\n\ndef is_strict("), {ANSWERS}),
    Mutant("the caller is told another key than was sent", LOOP,
           _rule("        certainty, is_repeated = conclude(self.facts, attempts), may_be_repeated(self.facts, attempts)\n",
                 "        certainty, is_repeated = conclude(self.facts, attempts), may_be_repeated(self.facts, attempts)\n"
                 "        import msgspec  # noqa: PLC0415\n\n"
                 "        if self.info.idempotency_key is not None and len(attempts) > 1:\n"
                 "            other = msgspec.structs.replace(self.info, idempotency_key=self.info.idempotency_key[::-1])\n"
                 "            return CallRecord(other, attempts, certainty, elapsed, self._stopped, is_repeated)\n"), {SAMENESS}),
    Mutant("the deadline of an attempt is not cut to that of the call", LOOP,
           _rule("        return Limits(self.timeout, until, self.max_bytes, ends)", "        return Limits(self.timeout, until + 60, self.max_bytes, ends + 60)"),
           {LIMITS}, is_harmful=False),
    Mutant("a stored failure is sent again", RULES,
           _rule("_REPLAYED_ERROR: Final = _Rule(_NONE, Certainty.UNKNOWN)", "_REPLAYED_ERROR: Final = _Rule(_KEYED, Certainty.UNKNOWN)"),
           {LIMITS}, is_harmful=False),
)  # fmt: skip
