"""A small NATS connection on the standard library: publish, subscribe, request, headers, reconnection.

It owns one socket and one thread that reads from it. Messages wait in a bounded queue of their subscription; one that is
full loses its subscription, never the connection. The protocol: https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

from __future__ import annotations

import json
import queue
import re
import secrets
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Callable, Iterable, Optional
from urllib.parse import unquote, urlsplit

from .errors import GreenroomError

#: Messages that wait for a slow reader of one subscription.
MAX_WAITING = 65_536
#: Longest line of the protocol, in bytes.
MAX_LINE = 64 * 1024
#: Silence after which the broker is asked whether it is there, in seconds.
PING_EVERY = 20.0
CONNECT_TIMEOUT = 5.0
#: The subject of a refusal; others of this connection go on.
_REFUSED = re.compile(r'(?:Publish|Subscription) to "([^"]*)"')


@dataclass(frozen=True)
class Message:
    """One message: its subject, where an answer goes, its headers (the last of each name, in lower case) and its bytes."""

    subject: str
    reply: str
    data: bytes
    headers: dict[str, str] = field(default_factory=dict)
    #: The status of a message without a body, such as 503: nothing listens.
    status: int = 0


class Lost(Exception):
    """The connection was lost: what was asked may have come through, or not."""


class Subscription:
    """What comes on one subject. Iterate it, or take one message with `next`."""

    def __init__(self, connection: "Connection", sid: int, subject: str) -> None:
        self._connection = connection
        self.sid = sid
        self.subject = subject
        #: The subject that was asked, where answers come here.
        self.asked = ""
        self._messages: queue.Queue[Message | Exception] = queue.Queue(MAX_WAITING)

    def next(self, timeout: float) -> Message:
        """The next message. Raises `TimeoutError`, or `Lost` when the connection was lost meanwhile."""
        try:
            found = self._messages.get(timeout=max(0.0, timeout))
        except queue.Empty:
            raise TimeoutError(f"nothing came on {self.subject} for {timeout:g} s") from None
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        self._connection._unsubscribe(self)

    def _put(self, item: Message | Exception) -> bool:
        try:
            self._messages.put_nowait(item)
            return True
        except queue.Full:
            return False

    def _fail(self, error: Exception) -> None:
        """The reader hears it behind what waits, or in place of the last of it."""
        while not self._put(error):
            try:
                self._messages.get_nowait()
            except queue.Empty:
                pass


class Connection:
    """One connection at a time to one of the servers; `reconnect` makes the next."""

    def __init__(
        self,
        servers: Iterable[str],
        *,
        token: Optional[str] = None,
        tls: Optional[ssl.SSLContext] = None,
        name: str = "greenroom-python",
        inbox_prefix: str = "_INBOX",
    ) -> None:
        self._servers = list(servers)
        if not self._servers:
            raise GreenroomError("invalid_settings", "name at least one server")
        self._token = token
        self._tls = tls
        self._name = name
        self._inbox_prefix = inbox_prefix
        self._write = threading.Lock()
        self._state = threading.Lock()
        self._connecting = threading.Lock()
        self._subscriptions: dict[int, Subscription] = {}
        self._next_sid = 0
        self._socket: Optional[socket.socket] = None
        self._closed = False
        self.max_payload = 1_048_576
        self._open()

    # -- what a client does ---------------------------------------------------------------------------------------

    def publish(self, subject: str, data: bytes, *, reply: str = "", headers: Optional[dict[str, str]] = None) -> None:
        """Raises `Lost` without a connection, and `too_large` for what the broker would refuse."""
        _must_be_subject(subject)
        head = _header_block(headers) if headers else b""
        if len(head) + len(data) > self.max_payload:
            raise GreenroomError("too_large", f"{len(data)} bytes are more than the broker takes ({self.max_payload})")
        target = f"{subject} {reply}".rstrip()
        if head:
            first = f"HPUB {target} {len(head)} {len(head) + len(data)}\r\n"
        else:
            first = f"PUB {target} {len(data)}\r\n"
        self._send(first.encode() + head + data + b"\r\n")

    def subscribe(self, subject: str, *, asked: str = "") -> Subscription:
        """`asked`: the subject to which it waits for answers; it fails where that may not be asked."""
        _must_be_subject(subject)
        with self._state:
            self._next_sid += 1
            subscription = Subscription(self, self._next_sid, subject)
            subscription.asked = asked
            self._subscriptions[subscription.sid] = subscription
        try:
            self._send(f"SUB {subject} {subscription.sid}\r\n".encode())
        except Lost:
            self._forget(subscription)
            raise
        return subscription

    def new_inbox(self) -> str:
        return f"{self._inbox_prefix}.{secrets.token_hex(11)}"

    def request(self, subject: str, data: bytes, timeout: float, headers: Optional[dict[str, str]] = None) -> Message:
        inbox = self.subscribe(self.new_inbox(), asked=subject)
        try:
            self.publish(subject, data, reply=inbox.subject, headers=headers)
            return inbox.next(timeout)
        finally:
            inbox.close()

    def close(self) -> None:
        with self._state:
            self._closed = True
        self._drop(GreenroomError("unavailable", "the client was closed"))

    def reconnect(self, deadline: float) -> None:
        """Connects anew if there is no connection; tries until `deadline` (of `time.monotonic`). Raises `Lost`."""
        delay = 0.05
        while True:
            try:
                with self._connecting:  # threads that come meanwhile find the connection made
                    self._must_be_wanted()
                    if self._socket is None:
                        self._open()
                    return
            except (OSError, Lost) as error:
                if time.monotonic() + delay > deadline:
                    raise Lost(str(error)) from error
                time.sleep(delay)
                delay = min(2 * delay, 1.0)

    def _must_be_wanted(self) -> None:
        if self._closed:
            raise GreenroomError("unavailable", "the client was closed")

    # -- the connection -------------------------------------------------------------------------------------------

    def _open(self) -> None:
        failures: list[str] = []
        for server in self._servers:
            try:
                return self._connect(server)
            except (OSError, Lost) as error:
                failures.append(f"{_without_secrets(server)}: {error}")
        raise Lost("; ".join(failures))

    def _connect(self, server: str) -> None:
        url = urlsplit(server if "//" in server else f"nats://{server}")
        sock = socket.create_connection((url.hostname or "127.0.0.1", url.port or 4222), CONNECT_TIMEOUT)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = _Reader(sock)
            info = json.loads(reader.line().decode().removeprefix("INFO "))
            if url.scheme == "tls" or info.get("tls_required"):
                context = self._tls or ssl.create_default_context()
                sock = context.wrap_socket(sock, server_hostname=url.hostname)
                reader = _Reader(sock)
            sock.sendall(self._hello(url.username, url.password) + b"PING\r\n")
            answer = reader.line().decode()
            if answer.startswith("-ERR"):
                raise GreenroomError("unauthorized", f"the broker says: {answer[5:].strip()}")
            if answer != "PONG":
                raise Lost(f"the broker said {answer[:80]!r}")
            sock.settimeout(PING_EVERY)
        except BaseException:
            sock.close()
            raise
        self.max_payload = int(info.get("max_payload", self.max_payload))
        with self._state:
            if self._closed:
                sock.close()
                self._must_be_wanted()
            self._socket = sock
        threading.Thread(target=self._read, args=(sock, reader), name="greenroom-nats", daemon=True).start()

    def _hello(self, user: Optional[str], password: Optional[str]) -> bytes:
        options: dict[str, object] = {
            "verbose": False,
            "pedantic": False,
            "lang": "python",
            "version": "1",
            "protocol": 1,
            "headers": True,
            "no_responders": True,
            "name": self._name,
        }
        if self._token is not None:
            options["auth_token"] = self._token
        elif user is not None and password is None:
            options["auth_token"] = unquote(user)
        elif user is not None:
            options["user"], options["pass"] = unquote(user), unquote(password or "")
        return f"CONNECT {json.dumps(options)}\r\n".encode()

    def _send(self, data: bytes) -> None:
        with self._write:
            sock = self._socket
            if sock is None:
                raise Lost("there is no connection")
            try:
                sock.sendall(data)
            except OSError as error:
                self._drop(Lost(str(error)), sock)
                raise Lost(str(error)) from error

    def _read(self, sock: socket.socket, reader: "_Reader") -> None:
        is_quiet = False
        error: Exception = Lost("the broker closed the connection")
        try:
            while True:
                try:
                    line = reader.line()
                except TimeoutError:
                    if is_quiet:
                        raise Lost("the broker does not answer") from None
                    is_quiet = True
                    self._send(b"PING\r\n")
                    continue
                is_quiet = False
                self._handle(line, reader)
        except (OSError, ValueError) as caught:
            error = Lost(str(caught))
        except Exception as caught:
            error = caught
        self._drop(error, sock)

    def _handle(self, line: bytes, reader: "_Reader") -> None:
        word, _, rest = line.partition(b" ")
        if word == b"MSG":
            *names, size = rest.decode().split(" ")
            self._deliver(names, b"", reader.bytes(int(size)))
        elif word == b"HMSG":
            *names, head, size = rest.decode().split(" ")
            whole = reader.bytes(int(size))
            self._deliver(names, whole[: int(head)], whole[int(head) :])
        elif word == b"PING":
            self._send(b"PONG\r\n")
        elif word == b"-ERR":
            self._told(rest.decode().strip().strip("'"))

    def _deliver(self, names: list[str], head: bytes, data: bytes) -> None:
        subject, sid, reply = names[0], int(names[1]), names[2] if len(names) > 2 else ""
        subscription = self._subscriptions.get(sid)
        if subscription is None:
            return
        headers, status = _parse_headers(head)
        if subscription._put(Message(subject, reply, data, headers, status)):
            return
        self._unsubscribe(subscription)
        subscription._fail(GreenroomError("unavailable", f"the reader is {MAX_WAITING} messages behind"))

    def _told(self, words: str) -> None:
        if "permissions violation" not in words.lower():
            raise Lost(f"the broker says: {words}")
        error = GreenroomError("forbidden", f"the broker says: {words}")
        found = _REFUSED.search(words)
        for subscription in list(self._subscriptions.values()):
            if found is None or found[1] in (subscription.subject, subscription.asked):
                subscription._fail(error)

    def _drop(self, error: Exception, only: Optional[socket.socket] = None) -> None:
        with self._state:
            sock = self._socket
            if sock is None or (only is not None and sock is not only):
                return
            self._socket = None
            waiting = list(self._subscriptions.values())
            self._subscriptions.clear()
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sock.close()
        for subscription in waiting:
            subscription._fail(error)

    def _forget(self, subscription: Subscription) -> bool:
        with self._state:
            return self._subscriptions.pop(subscription.sid, None) is not None

    def _unsubscribe(self, subscription: Subscription) -> None:
        if not self._forget(subscription):
            return
        try:
            self._send(f"UNSUB {subscription.sid}\r\n".encode())
        except Lost:
            pass


class _Reader:
    """Lines and counted bytes from a socket. A time-out loses nothing: what has come stays."""

    def __init__(self, sock: socket.socket) -> None:
        self._receive: Callable[[int], bytes] = sock.recv
        self._buffer = bytearray()

    def line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > MAX_LINE:
                raise Lost("the broker sent a line without an end")
            self._more()
        found = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return found

    def bytes(self, count: int) -> bytes:
        while len(self._buffer) < count + 2:
            self._more()
        found = bytes(self._buffer[:count])
        del self._buffer[: count + 2]
        return found

    def _more(self) -> None:
        came = self._receive(65_536)
        if not came:
            raise Lost("the broker closed the connection")
        self._buffer += came


def _must_be_subject(subject: str) -> None:
    """White space in it would be read as the next word of the protocol."""
    if not subject or any(c <= " " or c == "\x7f" for c in subject):
        raise GreenroomError("invalid_request", f"{subject!r} is no subject")


def _header_block(headers: dict[str, str]) -> bytes:
    for name, value in headers.items():
        if any(c in name + value for c in "\r\n") or ":" in name:
            raise GreenroomError("invalid_request", f"{name!r} cannot be a header")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"NATS/1.0\r\n{lines}\r\n".encode()


def _parse_headers(head: bytes) -> tuple[dict[str, str], int]:
    if not head:
        return {}, 0
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    status = first.removeprefix("NATS/1.0").strip()[:3]
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}, int(status) if status.isdigit() else 0


def _without_secrets(server: str) -> str:
    """An address for an error's text."""
    return server.rsplit("@", 1)[-1]
