"""Free ports on loopback, chosen together, below the range from which the kernel takes ports for outgoing connections.

A broker that is restarted must find its ports again; one from the kernel's own range could be a connection's by then.
"""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path

from local_aws.kafka.errors import KafkaDidNotStart

_LOWEST = 15_000
_USUAL_EPHEMERAL = 32_768
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def choose(count: int) -> list[int]:
    """Distinct ports on 127.0.0.1 that were all free at once.

    Raises:
        KafkaDidNotStart: no such ports were found.
    """
    candidates = random.sample(range(_LOWEST, max(_highest(), _LOWEST + 1000)), k=1000)
    ports: list[int] = []
    with contextlib.ExitStack() as held:
        for port in candidates:
            held_socket = held.enter_context(socket.socket())
            held_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                held_socket.bind(("127.0.0.1", port))
                ports.append(port)
            if len(ports) == count:
                return ports
    raise KafkaDidNotStart(f"kafka: there are no {count} free ports on 127.0.0.1 from {_LOWEST} on.")


def _highest() -> int:
    try:
        return min(int(_RANGE.read_text(encoding="ascii").split()[0]), _USUAL_EPHEMERAL)
    except (OSError, ValueError, IndexError):
        return _USUAL_EPHEMERAL
