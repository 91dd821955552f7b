"""The brokers' jars: built once by Maven into the cache, together with the handler that checks MSK IAM tokens.

`prepare` is idempotent, works without a network once it has run, and may run twice at once. A finished build is one
directory, named after what it was built from, that appears whole or not at all:

    kafka-<version>-<digest>/
      jars/                   Kafka, what it needs, and the handler
      bootstrap.checkpoint    what `StorageTool format` writes for this version, so that a start needs no extra JVM
      properties.txt          the name of every broker property
      log4j.properties
      classes-<java>.jsa      an optional archive of loaded classes, see `class_archive`
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_aws.kafka.errors import JarsNotPrepared

MINIMUM_JAVA = 17
_ROOM = Path(__file__).parent
_POM = _ROOM / "pom.xml"
_LOG4J = _ROOM / "log4j.properties"
_BUILD_SECONDS = 600
_ANY_CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAA"


def kafka_version() -> str:
    """The version of Kafka that the pom names."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", _POM.read_text(encoding="utf-8"))
    if found is None:
        raise JarsNotPrepared(f"{_POM}: names no kafka.version.")
    return found.group(1)


def java() -> str:
    """The Java program: of JAVA_HOME where set, else of the PATH.

    Raises:
        JarsNotPrepared: there is none, or it is too old.
    """
    advice = f"Install a JDK {MINIMUM_JAVA} or newer (Debian: `apt-get install openjdk-17-jdk-headless`, macOS: `brew install openjdk@17`)."
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if program is None or not Path(program).exists():
        raise JarsNotPrepared(
            f"java {MINIMUM_JAVA} or newer is not on the PATH." if not home else f"JAVA_HOME is {home}, which has no bin/java.", advice
        )
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found.group(1)) < MINIMUM_JAVA:
        version = found.group(1) if found else "of an unknown version"
        raise JarsNotPrepared(f"{program} is Java {version}, and Kafka's brokers need {MINIMUM_JAVA} or newer.", advice)
    return program


def prepared(cache: Path) -> Path:
    """Where the build of this checkout is, or would be, in the cache."""
    digest = hashlib.sha256()
    for path in (_POM, _LOG4J, Path(__file__), *sorted(_ROOM.glob("java/**/*.java"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return cache / f"kafka-{kafka_version()}-{digest.hexdigest()[:12]}"


def prepare(cache: Path) -> Path:
    """Return the directory of the finished build, making it where it is not there yet.

    Raises:
        JarsNotPrepared: Java or Maven is missing, or the build failed; the message says which.
    """
    target = prepared(cache)
    if target.is_dir():
        return target
    program = java()
    maven = _maven(program)
    cache.mkdir(parents=True, exist_ok=True)
    with lock(cache, target):
        if not target.is_dir():
            with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=cache) as temporary:
                _build(program, maven, Path(temporary) / "build")
                (Path(temporary) / "build").rename(target)
    return target


def _maven(program: str) -> str:
    maven = shutil.which("mvn")
    if maven is None:
        raise JarsNotPrepared(
            "mvn (Maven 3.8 or newer) is not on the PATH; it fetches Kafka's jars, once.",
            "Install it (Debian: `apt-get install maven`, macOS: `brew install maven`).",
        )
    if not (Path(program).resolve().parent / "javac").exists():
        raise JarsNotPrepared(
            f"{program} comes without javac, which builds the brokers' token check.",
            "Install a JDK, not a runtime alone (Debian: `apt-get install openjdk-17-jdk-headless`, macOS: `brew install openjdk@17`).",
        )
    return maven


def _build(program: str, maven: str, to: Path) -> None:
    to.mkdir()
    with tempfile.TemporaryDirectory(prefix="maven-", dir=to.parent) as work:
        goals = ("compiler:compile", "jar:jar", "dependency:copy-dependencies")
        failure = "Maven could not build the brokers; the first time it needs a network"
        said = _run([maven, "-B", "-q", "-f", str(_POM), f"-Dbuild.to={work}", *goals], failure)
        if not any(Path(work, "jars").glob("kafka_2.13-*.jar")):
            raise JarsNotPrepared("Maven ended well, yet without Kafka's jars.", *said.splitlines()[-5:])
        Path(work, "jars").rename(to / "jars")
    shutil.copy(_LOG4J, to)
    run = [program, *class_path(to)]
    names = _run([*run, "local_aws.kafka.BrokerProperties"], "The brokers' properties could not be listed")
    (to / "properties.txt").write_text(names, encoding="utf-8")
    _make_checkpoint(run, to)


def class_path(build: Path) -> tuple[str, ...]:
    """The JVM options that find the jars and the logging configuration of a build."""
    return ("-cp", str(build / "jars" / "*"), f"-Dlog4j.configuration={(build / 'log4j.properties').as_uri()}")


def _make_checkpoint(run: Sequence[str], to: Path) -> None:
    """Format a storage directory once: its checkpoint holds the metadata version alone, the same for every broker."""
    with tempfile.TemporaryDirectory(prefix="format-", dir=to.parent) as work:
        properties = Path(work, "server.properties")
        properties.write_text(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:1\n"
            "listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1\ncontroller.listener.names=CONTROLLER\n"
            f"log.dirs={work}/data\n",
            encoding="utf-8",
        )
        format_storage = ["kafka.tools.StorageTool", "format", "--cluster-id", _ANY_CLUSTER_ID, "--config", str(properties)]
        _run([*run, *format_storage], "Kafka's storage could not be formatted")
        shutil.copy(Path(work, "data", "bootstrap.checkpoint"), to)


def _run(command: Sequence[str], failure: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_BUILD_SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise JarsNotPrepared(f"{failure}: it took more than {_BUILD_SECONDS} s.", f"The command was: {' '.join(command)}") from None
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise JarsNotPrepared(f"{failure} (exit code {done.returncode}).", *lines[:6], f"The command was: {' '.join(command)}")
    return done.stdout


@contextmanager
def lock(cache: Path, build: Path) -> Iterator[None]:
    """Hold the advisory lock of one build, which the kernel gives back however this process ends."""
    with (cache / f"{build.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
