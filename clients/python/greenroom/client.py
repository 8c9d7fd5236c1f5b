"""The client: one tenant's sessions over NATS. It owns its connection and the streams that are open on it.

1. A turn has an id from the start, so asking again is always safe: when its stream is lost, it is asked for again under the
   same id, and the turn is joined, or its end is learned.
2. Events of one attempt come in order and none twice. Deltas that may have a gap before them are left out until the next
   message, which has their text whole; messages that were told meanwhile are read from the transcript.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence, Union

from ._nats import Connection, Lost, Message, Subscription
from .errors import GreenroomError

Json = dict[str, Any]
Prompt = Union[str, Sequence[Mapping[str, Any]]]

#: Limit of a request, in seconds.
REQUEST_TIMEOUT = 30.0
#: Silence of a stream after which the daemon is asked whether it is there, in seconds.
PULSE = 2.0
#: How long a lost stream may stay lost.
REJOIN = 60.0
REJOIN_EVERY = 0.25
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_INBOX = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def connect(
    servers: Union[str, Sequence[str], None] = None,
    *,
    tenant: str = "default",
    prefix: str = "greenroom",
    token: Optional[str] = None,
    timeout: float = REQUEST_TIMEOUT,
    rejoin: float = REJOIN,
    tls: Any = None,
    inbox_prefix: Optional[str] = None,
) -> "Client":
    """Connects to the broker of a daemon.

    `servers`: one or more addresses (`nats://user:password@host:4222`, `tls://…`). Default: `NATS_URL`; else that of the
    daemon whose data directory `GREENROOM_DATA_DIR` names (`.greenroom`); else `nats://127.0.0.1:4222`.
    `inbox_prefix`: where answers come, for a user that may listen nowhere else. Default: `NATS_INBOX_PREFIX`; else `_INBOX`.
    Raises `GreenroomError` (`unavailable`, `unauthorized`, `invalid_settings`).
    """
    if not (_ID.fullmatch(tenant) and _ID.fullmatch(prefix)):
        raise GreenroomError("invalid_settings", f"a tenant and a prefix match {_ID.pattern}")
    inbox = inbox_prefix or os.environ.get("NATS_INBOX_PREFIX") or "_INBOX"
    if not _INBOX.fullmatch(inbox):
        raise GreenroomError("invalid_settings", f"the prefix of inboxes matches {_INBOX.pattern}")
    addresses = [servers] if isinstance(servers, str) else list(servers or _usual_servers())
    try:
        connection = Connection(addresses, token=token, tls=tls, inbox_prefix=inbox)
    except Lost as error:
        raise GreenroomError("unavailable", f"no broker: {error}", retryable=True) from error
    return Client(connection, f"{prefix}.v1.{tenant}", timeout, rejoin)


def _usual_servers() -> list[str]:
    if url := os.environ.get("NATS_URL"):
        return [part.strip() for part in url.split(",")]
    try:
        found = json.loads((Path(os.environ.get("GREENROOM_DATA_DIR", ".greenroom")) / "daemon.json").read_text())
    except (OSError, ValueError):
        found = {}
    return [found.get("natsUrl") or "nats://127.0.0.1:4222"]


class Client:
    """Made by `connect`. Close it, or use it in a `with`. Safe to share between threads."""

    def __init__(self, connection: Connection, root: str, timeout: float, rejoin: float) -> None:
        self._nats = connection
        self._root = root
        self._timeout = timeout
        self._rejoin = rejoin

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; streams that are read hear `unavailable`. Turns go on."""
        self._nats.close()

    @property
    def max_payload(self) -> int:
        """Largest message that the broker takes, in bytes."""
        return self._nats.max_payload

    # -- turns ----------------------------------------------------------------------------------------------------

    def ask(self, session_id: str, prompt: Prompt, *, turn_id: Optional[str] = None, **options: Any) -> "Turn":
        """Runs a turn and gives its events as they come; the fields of `options` are those of a turn request."""
        return Turn(self, session_id, {"prompt": prompt, "turnId": turn_id or new_turn_id(), **options})

    def publish(self, session_id: str, prompt: Prompt, *, turn_id: Optional[str] = None, **options: Any) -> str:
        """Queues a turn in the broker, where it is kept while no daemon runs, and gives its id.

        Sent twice under the same id it runs once. What is refused later is told by its `turn.finished`.
        """
        request = {"prompt": prompt, "turnId": turn_id or new_turn_id(), **options}
        ack = _parse(self._request(f"session.{_token(session_id)}.turn", request))
        if error := ack.get("error"):
            raise GreenroomError("unavailable", f"the broker did not store the turn: {error.get('description', error)}")
        return str(request["turnId"])

    def events(self, session_id: str, *, timeout: Optional[float] = None) -> Iterator[Json]:
        """What the session tells from now on. Ends after `timeout` seconds of silence; default: never."""
        subscription = self._subscribe(f"{self._root}.events.{_token(session_id)}")
        return self._listen(subscription, timeout)

    def _listen(self, subscription: Subscription, timeout: Optional[float]) -> Iterator[Json]:
        try:
            while True:
                try:
                    yield _parse(subscription.next(timeout if timeout is not None else 3600.0))
                except TimeoutError:
                    if timeout is not None:
                        return
        except Lost as error:
            raise GreenroomError("unavailable", str(error), retryable=True) from error
        finally:
            subscription.close()

    # -- verbs ----------------------------------------------------------------------------------------------------

    def session(self, session_id: str, verb: str, **fields: Any) -> Json:
        """Any verb on one session, such as `get`, `update`, `tag`, `fork` or `explain`, with the fields of its request."""
        return _parse(self._request(f"session.{_token(session_id)}.{verb}", fields))

    def sessions(self, verb: str, **fields: Any) -> Json:
        """Any verb on sessions, such as `count`, `facets` or `retag`, or of tasks, such as `tasks.run`."""
        # A verb of templates, tasks or schedules names its noun itself: tasks.run
        subject = verb if "." in verb else f"sessions.{verb}"
        return _parse(self._request(subject, fields))

    def daemon(self, verb: str, **fields: Any) -> Json:
        return _parse(self._request(f"daemon.{verb}", fields))

    def create(self, session_id: str, **settings: Any) -> Json:
        """Makes a session. Raises `session_exists`."""
        return self.session(session_id, "create", **settings)["session"]

    def get(self, session_id: str) -> Json:
        """Raises `session_not_found`."""
        return self.session(session_id, "get")["session"]

    def search(self, query: Optional[str] = None, **criteria: Any) -> Iterator[Json]:
        """Sessions that meet the criteria, all pages of them. `query` is the query language, such as `tag:review cost:>1`."""
        fields = criteria if query is None else {"q": query, **criteria}
        return self._pages("search", "sessions", fields)

    def messages(self, session_id: str, **fields: Any) -> Iterator[Json]:
        """The transcript's entries from `from` on (as `**{"from": 7}`), all pages of them."""
        fields = dict(fields)
        while True:
            page = self.session(session_id, "messages", **fields)
            yield from page["entries"]
            if (following := page.get("nextFrom")) is None:
                return
            fields["from"] = following

    def approvals(self, **fields: Any) -> Iterator[Json]:
        """Tool calls that wait for a person, all pages of them."""
        return self._pages("approvals", "approvals", fields)

    def approve(self, session_id: str, approval_id: str, decision: str = "allow", **fields: Any) -> Json:
        """Answers one: `allow`, `deny` or `always`. The first answer counts; later ones raise `already_decided`."""
        return self.session(session_id, "approve", approvalId=approval_id, decision=decision, **fields)

    def cancel(self, session_id: str, turn_id: Optional[str] = None) -> Json:
        """Stops a turn, by default the running one, and gives its record when it has ended."""
        return self.session(session_id, "cancel", **({} if turn_id is None else {"turnId": turn_id}))["turn"]

    def delete(self, session_id: str) -> None:
        self.session(session_id, "delete")

    def _pages(self, verb: str, field: str, fields: Json) -> Iterator[Json]:
        fields = dict(fields)
        while True:
            page = self.sessions(verb, **fields)
            yield from page[field]
            if (cursor := page.get("nextCursor")) is None:
                return
            fields["cursor"] = cursor

    def _request(self, subject: str, fields: Mapping[str, Any], timeout: Optional[float] = None) -> Message:
        """One reply. It is not asked again where it may have come through: that is the caller's to decide."""
        timeout = self._timeout if timeout is None else timeout
        deadline = time.monotonic() + timeout
        whole = f"{self._root}.{subject}"
        headers = {"Greenroom-Timeout-Ms": str(int(timeout * 1000))}
        try:
            self._nats.reconnect(deadline)
            reply = self._nats.request(whole, _bytes(fields), timeout, headers)
        except Lost as error:
            raise GreenroomError("unavailable", f"the connection was lost: {error}", retryable=True) from error
        except TimeoutError as error:
            raise GreenroomError("deadline_exceeded", f"no answer on {whole} in time", retryable=True) from error
        return _checked(reply, whole)

    def _pulse(self) -> str:
        """When the daemon began. Raises `Lost` where none answers."""
        try:
            return str(_parse(self._request("daemon.ping", {}, PULSE))["startedAt"])
        except GreenroomError as error:
            raise Lost(str(error)) from error

    def _subscribe(self, subject: str) -> Subscription:
        try:
            self._nats.reconnect(time.monotonic() + self._timeout)
            return self._nats.subscribe(subject)
        except Lost as error:
            raise GreenroomError("unavailable", str(error), retryable=True) from error


class Turn:
    """One turn. Iterate it for its events, `text()` for the words, or take `result()`; each begins it, once."""

    def __init__(self, client: Client, session_id: str, request: Json) -> None:
        self.session_id = session_id
        self.turn_id = str(request["turnId"])
        self._client = client
        self._request = request
        self._events = self._run()
        #: The last event, once it has come.
        self.finished: Optional[Json] = None
        self._attempt = 0
        self._n = 0
        self._seq = 0
        #: Deltas are left out: some before them were missed.
        self._is_behind = False
        #: Something came since the turn was last asked for.
        self._is_heard = False
        #: When the daemon began that was asked, once that is known.
        self._asked_of: Optional[str] = None

    def __iter__(self) -> Iterator[Json]:
        return self._events

    def text(self) -> Iterator[str]:
        """The answer's words as they come."""
        for event in self:
            if event["type"] == "delta" and "text" in event:
                yield event["text"]

    def result(self) -> Json:
        """Waits for the end and gives `turn.finished`. Raises what the turn was refused with."""
        for _ in self:
            pass
        if self.finished is None:
            raise GreenroomError("unavailable", "the turn's stream was left before its end")
        return self.finished

    def cancel(self) -> Json:
        """Stops it, from any thread."""
        return self._client.cancel(self.session_id, self.turn_id)

    def _run(self) -> Iterator[Json]:
        is_again, lost_at = False, 0.0
        while self.finished is None:
            self._is_heard = False
            error: Exception = Lost("the stream ended before its turn")
            try:
                yield from self._follow(is_again)
            except (Lost, TimeoutError) as caught:
                error = caught
            if self.finished is not None:
                return
            if not is_again or self._is_heard:
                lost_at = time.monotonic()
            if time.monotonic() - lost_at > self._client._rejoin:
                raise GreenroomError("unavailable", f"the turn's stream is lost: {error}", retryable=True) from error
            is_again = True
            time.sleep(REJOIN_EVERY)

    def _follow(self, is_again: bool) -> Iterator[Json]:
        """Asks, and gives what comes until the stream ends. Raises `Lost` where asking again may help."""
        nats = self._client._nats
        subject = f"{self._client._root}.session.{_token(self.session_id)}.ask"
        nats.reconnect(time.monotonic() + self._client._rejoin)
        inbox = nats.subscribe(nats.new_inbox(), asked=subject)
        try:
            nats.publish(subject, _bytes(self._request), reply=inbox.subject)
            if is_again:
                yield from self._missed()
            while True:
                message = self._next(inbox)
                if not message.data and message.status == 0:
                    return
                event = self._read(message, subject)
                self._is_heard = True
                if self._is_new(event):
                    yield event
                if event["type"] == "turn.finished":
                    self.finished = event
                    return
        finally:
            inbox.close()

    def _next(self, inbox: Subscription) -> Message:
        """The next message, as long as the daemon that was asked is there. Raises `Lost`."""
        while True:
            try:
                return inbox.next(PULSE)
            except TimeoutError:
                began = self._client._pulse()
            # At the first silence it is not known who was asked: the turn is asked for once more, which does no harm.
            if began != self._asked_of:
                self._asked_of = began
                raise Lost("another daemon may have been asked")

    def _read(self, message: Message, subject: str) -> Json:
        try:
            return _parse(_checked(message, subject))
        except GreenroomError as error:
            # A daemon that stops ends its streams; the turn goes on when it is back.
            if self._seq > 0 and error.code in ("draining", "unavailable"):
                raise Lost(str(error)) from error
            raise

    def _missed(self) -> Iterator[Json]:
        """Messages that were told while nothing was heard, from the transcript."""
        try:
            turn = self._client.session(self.session_id, "turn-status", turnId=self.turn_id)["turn"]
        except GreenroomError as error:
            if error.code in ("unavailable", "draining", "deadline_exceeded"):
                raise Lost(str(error)) from error
            return  # It is not known: the question that was just asked begins it.
        self._is_heard = True
        first = max(self._seq, turn["seq"]) + 1
        for entry in self._client.messages(self.session_id, **{"from": first}):
            if entry.get("turnId") != self.turn_id or entry["type"] != "message":
                continue
            self._is_behind = True
            event = {"type": "message", "sessionId": self.session_id, "turnId": self.turn_id}
            event |= {"seq": entry["seq"], "message": entry["message"], "attempt": turn["attempt"], "at": entry["at"]}
            if self._is_new(event, is_read=True):
                yield event

    def _is_new(self, event: Json, is_read: bool = False) -> bool:
        kind, n, attempt = event["type"], event.get("n", 0), event.get("attempt", 0)
        if n > 0:
            if attempt < self._attempt or (attempt == self._attempt and n <= self._n):
                return kind == "turn.finished"
            if self._n > 0 and n > (self._n if attempt == self._attempt else 0) + 1:
                self._is_behind = True
            elif attempt != self._attempt:
                self._is_behind = False
            self._attempt, self._n = attempt, n
        if kind == "retry":
            self._is_behind = False
        if kind == "delta":
            return not self._is_behind
        if kind not in ("message", "turn.accepted"):
            return True
        if kind == "message" and not is_read:
            self._is_behind = False
        if event["seq"] <= self._seq:
            return False
        self._seq = event["seq"]
        return True


def new_turn_id() -> str:
    """Of the time and chance, so that ids rise with time."""
    ms = time.time_ns() // 1_000_000
    value = (ms << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0x2 << 62) | secrets.randbits(62)
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _token(session_id: str) -> str:
    """A session's id as a token of a subject: any other text could name another subject."""
    if not _ID.fullmatch(session_id):
        raise GreenroomError("invalid_session_id", f"{session_id!r} is not an id: ids match {_ID.pattern}")
    return session_id


def _bytes(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _parse(message: Message) -> Json:
    return json.loads(message.data)


def _checked(message: Message, subject: str) -> Message:
    """Raises what the message says that is wrong."""
    if not message.data and message.status == 503:
        raise GreenroomError("unavailable", f"no Greenroom daemon answers on {subject}", retryable=True)
    if "nats-service-error-code" not in message.headers:
        return message
    try:
        error = json.loads(message.data)["error"]
    except (ValueError, KeyError):
        raise GreenroomError("internal", message.headers.get("nats-service-error", "")) from None
    after = error.get("retryAfterMs")
    raise GreenroomError(
        error["code"],
        error["message"],
        retryable=bool(error.get("retryable")),
        retry_after=None if after is None else after / 1000,
        details=error.get("details"),
    )


