"""Why an invocation is refused before any code of the function runs.

    LambdaRunnerError
    ├── TooManyRequests      429: concurrency is used up; `reason` is the API's `Reason`
    ├── RequestTooLarge      413: the payload is above the limit of a synchronous invocation
    ├── InvalidRuntime       this machine cannot run the function's runtime or architecture
    ├── InvalidCode          the deployed package is not a zip that can be unpacked
    └── RunnerStopped        the local target is stopping

Errors *of the function* are not exceptions: they are an `InvocationResult` with `function_error`, as on AWS.
"""

from __future__ import annotations

from console import PipelineError


class LambdaRunnerError(PipelineError):
    """The function was not invoked."""


class TooManyRequests(LambdaRunnerError):
    """Lambda's TooManyRequestsException (API reference, Invoke)."""

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


class RequestTooLarge(LambdaRunnerError):
    """Lambda's RequestTooLargeException (API reference, Invoke)."""


class InvalidRuntime(LambdaRunnerError):
    """No interpreter here can run the function as AWS would."""


class InvalidCode(LambdaRunnerError):
    """The deployment package cannot be unpacked."""


class RunnerStopped(LambdaRunnerError):
    """The runner was stopped while, or before, the invocation waited for a process."""
