"""A network with faults: a small relay on the loopback in front of a real server, that cuts, stalls or answers 503."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
_WHY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass
class Faults:
    """What the network does at the moment; may be changed while it runs."""

    endpoint: str
    busy: bool = False
    """Every request is answered 503."""
    silent: bool = False
    """Requests are taken and never answered."""
    cut_after: int | None = None
    """Once so many bytes went to the server, every connection is cut."""
    heals: bool = True
    """Whether the network is sound again after the cut, or stays down."""
    sent: int = 0
    cuts: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def passes(self, count: int) -> bool:
        """Whether so many more bytes get through to the server."""
        with self.lock:
            self.sent += count
            if self.cut_after is None or self.sent <= self.cut_after:
                return True
            self.cuts += 1
            if self.heals:
                self.cut_after = None
            return False


@contextmanager
def faulty_network(server: str) -> Iterator[Faults]:
    """A relay to ``server`` (its endpoint), sound until it is told otherwise."""
    there = urlsplit(server)
    address = (str(there.hostname), int(there.port or 80))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        faults = Faults(f"http://127.0.0.1:{listening.getsockname()[1]}")
        threading.Thread(target=_accept, args=(listening, address, faults), daemon=True).start()
        try:
            yield faults
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, address: tuple[str, int], faults: Faults) -> None:
    while True:
        try:
            caller, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_relay, args=(caller, address, faults), daemon=True).start()


def _relay(caller: socket.socket, address: tuple[str, int], faults: Faults) -> None:
    with caller, suppress(OSError):
        if faults.busy:
            caller.recv(1 << 16)
            caller.sendall(_BUSY % (len(_WHY), _WHY))
            caller.shutdown(socket.SHUT_WR)
            while caller.recv(1 << 16):
                pass
            return
        with socket.create_connection(address) as server:
            back = threading.Thread(target=_pass_back, args=(server, caller, faults), daemon=True)
            back.start()
            while piece := caller.recv(1 << 16):
                if faults.silent:
                    continue
                if not faults.passes(len(piece)):
                    break
                server.sendall(piece)
            for one in (server, caller):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            back.join()


def _pass_back(server: socket.socket, caller: socket.socket, faults: Faults) -> None:
    with suppress(OSError):
        while piece := server.recv(1 << 16):
            if not faults.silent:
                caller.sendall(piece)
