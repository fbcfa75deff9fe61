"""Broken servers."""

from __future__ import annotations

from tests.proof_mutants.mutant import Mutant, Promise

_SANDBOX = "generator/samekey/sandbox"
STORE = f"{_SANDBOX}/keys/store.py"
SERVICE = f"{_SANDBOX}/server/service.py"
REQUEST_KEY = f"{_SANDBOX}/keys/request_key.py"
CREDENTIALS = f"{_SANDBOX}/api/credentials.py"
RESOURCES = f"{_SANDBOX}/api/resources.py"

ONCE, CERTAINTY, ANSWERS, LIVENESS = Promise.ONCE, Promise.CERTAINTY, Promise.ANSWERS, Promise.LIVENESS
_UNKEYED = "        if work.key is None:\n            return Handled(self._unkeyed(work))"


def _unkeyed_where(condition: str) -> tuple[tuple[str, str], ...]:
    """Return the change that lets some requests pass as if they had no key."""
    return ((_UNKEYED, _UNKEYED.replace("work.key is None", f"work.key is None or {condition}")),)


SERVERS = (
    Mutant(
        "the fingerprint ignores the body", STORE,
        (("(method.encode(), target.encode(), body)", "(method.encode(), target.encode())"),), {ANSWERS},
    ),
    Mutant(
        "the fingerprint ignores the payload whole", STORE,
        (("for part in (method.encode(), target.encode(), body):", "for part in (b'',):"),), {ANSWERS},
    ),
    Mutant(
        "the fingerprint changes with the time", STORE,
        (("    digest = sha256()\n", "    digest = sha256(str(int(time.time() // 3)).encode())\n"),), {ANSWERS, CERTAINTY},
    ),
    Mutant(
        "each replay is the first answer that anybody got", STORE,
        (
            ("def _compare(", "_FIRST: list[Answer] = []\n\n\ndef _compare("),
            ("    return Replayed(stored.answer) if", "    _FIRST.append(stored.answer)\n    return Replayed(_FIRST[0]) if"),
        ),
        {ANSWERS},
    ),
    Mutant(
        "a replay now and then is another key's answer", STORE,
        (
            ("def _compare(", "_PAST: list[Answer] = []\n\n\ndef _compare("),
            (
                "    return Replayed(stored.answer) if",
                "    _PAST.append(stored.answer)\n    at = 0 if len(_PAST) % 10 == 0 else -1\n    return Replayed(_PAST[at]) if",
            ),
        ),
        {ANSWERS},
    ),
    Mutant(
        "a replay is an empty object", SERVICE,
        (('return Handled(answer.marked(marker, "true"), AnswerKind.REPLAYED)',
          "return Handled(replace(answer, status=200, body=b'{}').marked(marker, \"true\"), AnswerKind.REPLAYED)"),),
        {ANSWERS},
    ),
    Mutant(
        "a replay has another status", SERVICE,
        (('return Handled(answer.marked(marker, "true"), AnswerKind.REPLAYED)',
          'return Handled(replace(answer, status=202).marked(marker, "true"), AnswerKind.REPLAYED)'),),
        {ANSWERS},
    ),
    Mutant(
        "a replay is cut short", SERVICE,
        (('return Handled(answer.marked(marker, "true"), AnswerKind.REPLAYED)',
          'return Handled(replace(answer, body=answer.body[:-1]).marked(marker, "true"), AnswerKind.REPLAYED)'),),
        {ANSWERS},
    ),
    Mutant(
        "a replay is a failure", SERVICE,
        (('return Handled(answer.marked(marker, "true"), AnswerKind.REPLAYED)',
          'return Handled(replace(answer, status=500).marked(marker, "true"), AnswerKind.REPLAYED)'),),
        {ANSWERS, CERTAINTY},
    ),
    Mutant(
        "a replay is told as a refusal", SERVICE,
        (('return Handled(answer.marked(marker, "true"), AnswerKind.REPLAYED)',
          "return Handled(problem(409, 'duplicate', 'this was done before'), AnswerKind.REPLAYED)"),),
        {ANSWERS, CERTAINTY},
    ),
    Mutant(
        "every answer says that it is a stored one", SERVICE,
        (("        case Done(answer):\n            return Handled(answer)",
          "        case Done(answer):\n            return Handled(answer.marked('Idempotent-Replayed', 'true'))"),),
        {ANSWERS},
    ),
    Mutant(
        "another payload is told that the first request still runs", SERVICE,
        (('return Handled(_signal(profile.mismatch, 422, "key_reused", detail), AnswerKind.MISMATCH)',
          "return Handled(in_flight(profile), AnswerKind.MISMATCH)"),),
        {ANSWERS},
    ),
    Mutant(
        "another payload is carried out", STORE,
        (("                return _compare(claim, self._read(connection, claim))",
          "                settled = _compare(claim, self._read(connection, claim))\n"
          "                if isinstance(settled, Mismatch):\n"
          "                    done = effect(connection)\n"
          "                    commit(connection)\n"
          "                    return Done(done)\n"
          "                return settled"),),
        {ONCE, ANSWERS},
    ),
    Mutant(
        "a request is answered 202 while the first one runs", SERVICE,
        (("return Handled(in_flight(profile), AnswerKind.IN_FLIGHT)",
          "return Handled(Answer(202, (('Content-Type', 'application/json'),), b'{}'), AnswerKind.IN_FLIGHT)"),
         ("    from samekey.sandbox.api.answer import Answer\n", ""),
         ("from samekey.sandbox.api.checks import UNREAD, Checked\n",
          "from samekey.sandbox.api.answer import Answer\nfrom samekey.sandbox.api.checks import UNREAD, Checked\n")),
        {ANSWERS, CERTAINTY},
    ),
    Mutant(
        "a claim is kept when its request dies", STORE,
        (("            reached(Stage.CLAIMED)\n", "            connection.commit()\n            reached(Stage.CLAIMED)\n"),
         ("        return None if row is None else _stored(row)",
          "        return None if row is None or row.status is None else _stored(row)")),
        {CERTAINTY},
    ),
    Mutant(
        "a failure is not stored, and its key released", STORE,
        (("    def _remember(self, connection: Connection, claim: Claim, answer: Answer) -> None:\n",
          "    def _remember(self, connection: Connection, claim: Claim, answer: Answer) -> None:\n"
          "        if answer.status >= 500:\n"
          "            connection.execute(delete(KEYS).where(KEYS.c.scope == claim.scope, KEYS.c.key == claim.key))\n"),),
        {ONCE},
    ),
    Mutant(
        "the effect is kept when its request dies", STORE,
        (("            reached(Stage.DONE)\n",
          "            try:\n"
          "                reached(Stage.DONE)\n"
          "            except Exception:\n"
          "                place = and_(KEYS.c.scope == claim.scope, KEYS.c.key == claim.key)\n"
          "                connection.execute(delete(KEYS).where(place))\n"
          "                connection.commit()\n"
          "                raise\n"),),
        {ONCE}, "effect and key are not one transaction",
    ),
    Mutant("PATCH is not keyed", SERVICE, _unkeyed_where("work.request.method == 'PATCH'"), {ONCE}, "its operation was never"),
    Mutant(
        "actions are not keyed", SERVICE, _unkeyed_where("work.request.path.count('/') > 2"), {ONCE}, "its operation was never",
    ),
    Mutant(
        "keys of one operation are ignored", SERVICE, _unkeyed_where("work.match.site.name == 'createRefund'"), {ONCE},
        "its operation was never",
    ),
    Mutant("keys of every tenth request are ignored", SERVICE, _unkeyed_where("hash(work.request.attempt) % 10 == 0"), {ONCE}),
    Mutant("a claim always succeeds", STORE, (("        return _CLAIM.run(connection, values).rowcount > 0", "        return _CLAIM.run(connection, values).rowcount > -2"),), {ONCE}),
    Mutant(
        "the purge removes keys that are alive", STORE,
        (("KEYS.c.expires_at <= self._clock()).limit(batch)", "KEYS.c.created_at <= self._clock()).limit(batch)"),
         ("still = KEYS.c.expires_at <= self._clock()", "still = KEYS.c.created_at <= self._clock()")),
        {ONCE},
    ),
    Mutant(
        "the purge removes all keys that are older than two seconds", STORE,
        (("KEYS.c.expires_at <= self._clock()).limit(batch)", "KEYS.c.created_at <= self._clock() - 2).limit(batch)"),
         ("still = KEYS.c.expires_at <= self._clock()", "still = KEYS.c.created_at <= self._clock() - 2")),
        {ONCE},
    ),
    Mutant(
        "now and then an effect is had twice, and written down once", SERVICE,
        (("            done = work.subject.worded(",
          "            if hash(work.request.attempt) % 25 == 0:\n"
          "                self._parts.resources.perform(connection, work.match, work.request, work.body)\n"
          "            done = work.subject.worded("),),
        {ONCE},
    ),
    Mutant(
        "now and then what was made is lost", RESOURCES,
        (("        if not resource_store.create(",
          "        if hash(str(number)) % 25 and not resource_store.create("),),
        {ANSWERS},
    ),
    Mutant("keys are cut to 34 characters", REQUEST_KEY, (("or RequestKey(key)", "or RequestKey(key[:34])"),), {ANSWERS, CERTAINTY, ONCE}),
    Mutant("keys are cut to 8 characters", REQUEST_KEY, (("or RequestKey(key)", "or RequestKey(key[:8])"),), {ANSWERS, CERTAINTY, ONCE}),
    Mutant("keys are cut to 2 characters", REQUEST_KEY, (("or RequestKey(key)", "or RequestKey(key[:2])"),), {ANSWERS, CERTAINTY, ONCE}),
    Mutant(
        "all accounts share their keys", CREDENTIALS,
        (("                return scope_of([self._account(credential) for credential in shown])", "                return scope_of(['everybody'])"),),
        {ANSWERS},
    ),
    Mutant(
        "a renewed token is another account", CREDENTIALS,
        (("        return credential if self.tokens else bearer_of(credential)", "        return credential"),), {ONCE},
        "only the token of its client was renewed",
    ),
    Mutant(
        "keys are remembered for three seconds", f"{_SANDBOX}/server/app.py",
        (("        Keys(database, ttl, lambda", "        Keys(database, 3.0, lambda"),), {ONCE},
    ),
    Mutant(
        "keys are remembered by each process alone", STORE,
        (("        with self._running.alone(claim.place) as alone:",
          "        import os  # noqa: PLC0415\n\n"
          "        claim = Claim(f'{claim.scope}{os.getpid()}', claim.key, claim.fingerprint, claim.attempt)\n"
          "        with self._running.alone(claim.place) as alone:"),),
        {ONCE},
    ),
    Mutant(
        "the answer of one resource is stored under the next key", STORE,
        (("            self._remember(connection, claim, answer)\n",
          "            _LATE.append(answer)\n            self._remember(connection, claim, _LATE[max(0, len(_LATE) - 2)])\n"),
         ("class _Running:", "_LATE: list[Answer] = []\n\n\nclass _Running:")),
        {ANSWERS},
    ),
    Mutant(
        "requests that die are answered as done", SERVICE,
        (('            return Handled(problem(500, "failed", "something broke; nothing was done"), AnswerKind.FAULT)',
          '            return Handled(problem(200, "failed", "all is well"), AnswerKind.FAULT)'),),
        {CERTAINTY, ANSWERS},
    ),
)  # fmt: skip
