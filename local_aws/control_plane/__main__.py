"""The control plane's process: `python -m local_aws.control_plane --home DIR --port 0 --region R --clock-speed N`.

Started detached by `python -m local_aws start`, which gives it a token by environment. SIGTERM ends it in order.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import secrets
import signal
import sys
import warnings
from pathlib import Path

from local_aws.home import Home


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    arguments = _parse()
    home = Home(Path(arguments.home).resolve())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    warnings.simplefilter("ignore")
    _settings_of_moto(home)
    _raise_file_limit()

    from local_aws.control_plane.target import Options, Target

    options = Options(
        home, arguments.port, arguments.region, arguments.clock_speed, os.environ.get("LOCAL_AWS_TOKEN") or secrets.token_urlsafe(32)
    )
    target = Target(options)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: target.ask_to_stop())
    target.run()
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="local_aws.control_plane", description="The local target's control plane.")
    parser.add_argument("--home", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--clock-speed", type=float, default=1.0)
    return parser.parse_args()


def _settings_of_moto(home: Home) -> None:
    """Settings that moto reads when it is imported: objects larger than a page go to files under the home."""
    home.s3.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(home.s3)
    os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = "65536"
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    os.environ.pop("AWS_ENDPOINT_URL", None)


def _raise_file_limit() -> None:
    """Each object above 64 KiB keeps one file open (moto's temporary files)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else hard
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
