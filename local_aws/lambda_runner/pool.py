"""The execution environments of one function version: reused while warm, scaled out while there is room.

AWS starts a new environment whenever all are busy. Here each is a process of this machine, so a function gets at most
`limit` of them; further invocations wait for one, which AWS has no equal of. Waiting ones count as concurrent.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable

from local_aws.lambda_runner.environment import Environment, Setting
from local_aws.lambda_runner.errors import RunnerStopped
from local_aws.lambda_runner.function import RoleCredentials

_numbers = itertools.count(1)


class Pool:
    """Environments of one function version in one configuration."""

    def __init__(self, setting: Setting, credentials: Callable[[str], RoleCredentials], limit: int) -> None:
        self.setting = setting
        self._credentials = credentials
        self._limit = limit
        self._changed = threading.Condition()
        self._idle: list[Environment] = []
        self._busy: set[Environment] = set()
        self._starting = 0
        self._retired = False

    def take(self) -> Environment:
        """A warm environment, the last used first; else a new one; else the next to become free.

        Raises:
            RunnerStopped: the pool was stopped.
        """
        dead = []
        try:
            with self._changed:
                while True:
                    while self._idle:
                        environment = self._idle.pop()
                        if environment.usable:
                            self._busy.add(environment)
                            return environment
                        dead.append(environment)
                    if self._retired:
                        raise RunnerStopped(f"lambda: {self.setting.function.name} was stopped, updated or deleted.")
                    if len(self._busy) + self._starting < self._limit:
                        self._starting += 1
                        break
                    self._changed.wait()
        finally:
            for environment in dead:
                environment.close()
        return self._new()

    def give_back(self, environment: Environment) -> None:
        """Keep the environment warm, or end it where it cannot serve again."""
        with self._changed:
            if environment.usable and not self._retired:
                self._busy.discard(environment)
                self._idle.append(environment)
                self._changed.notify()
                return
        environment.close()
        with self._changed:
            self._busy.discard(environment)
            self._changed.notify()

    def reap(self, idle_seconds: float) -> None:
        """End environments that were idle for that long, or that could not serve again."""
        with self._changed:
            oldest = time.monotonic() - idle_seconds
            ended = [environment for environment in self._idle if environment.idle_since < oldest or not environment.usable]
            self._idle = [environment for environment in self._idle if environment not in ended]
        for environment in ended:
            environment.close()

    def retire(self) -> None:
        """End idle environments now, busy ones after the invocation that they run."""
        with self._changed:
            self._retired = True
            ended, self._idle = self._idle, []
            self._changed.notify_all()
        for environment in ended:
            environment.close()

    def stop(self, patience: float) -> None:
        """End all environments now; invocations that run fail. Returns when none is left, or after `patience` seconds."""
        self.retire()
        deadline = time.monotonic() + patience
        with self._changed:
            while self._busy or self._starting:
                for environment in self._busy:
                    environment.kill()
                if time.monotonic() >= deadline:
                    return
                self._changed.wait(0.05)

    @property
    def empty(self) -> bool:
        """Whether a retired pool has ended its last environment."""
        with self._changed:
            return not self._busy and not self._starting and not self._idle

    def pids(self) -> tuple[int, ...]:
        """Process ids of all environments, busy and idle."""
        with self._changed:
            return tuple(environment.pid for environment in (*self._busy, *self._idle) if environment.pid is not None)

    def _new(self) -> Environment:
        """A new environment, not started yet, counted as busy."""
        environment = None
        try:
            plain = re.sub(r"[^A-Za-z0-9-]", "_", self.setting.function.name)
            name = f"lambda-{plain}-{next(_numbers)}"
            environment = Environment(self.setting, self._credentials(self.setting.function.role_arn), name)
        finally:
            with self._changed:
                self._starting -= 1
                if environment is not None:
                    self._busy.add(environment)
                else:
                    self._changed.notify()
        return environment
