"""Settings for kafka-python's clients (3.x): where the brokers are, TLS, and tokens that renew themselves."""

from __future__ import annotations

import threading
import time
from typing import Any

from kafka.net.sasl.oauth import AbstractTokenProvider

from kafka_access.connection import Auth, Connection
from kafka_access.tokens import CredentialSource, Token, environment_credentials, sign


def client_config(connection: Connection, credentials: CredentialSource | None = None) -> dict[str, Any]:
    """Keyword arguments for a KafkaProducer, KafkaConsumer or KafkaAdminClient.

    `credentials` sign the tokens; those of the environment where not given.
    """
    servers = [server.strip() for server in connection.bootstrap.split(",")]
    if connection.auth is Auth.NONE:
        return {"bootstrap_servers": servers, "security_protocol": "PLAINTEXT"}
    return {
        "bootstrap_servers": servers,
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_oauth_token_provider": TokenProvider(connection.region, credentials or environment_credentials()),
        "ssl_cafile": str(connection.ca_file) if connection.ca_file is not None else None,
    }


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]  # kafka-python has no types
    """One token for all connections of a client, signed anew when its time is over."""

    def __init__(self, region: str, credentials: CredentialSource) -> None:
        super().__init__()
        self._region = region
        self._credentials = credentials
        self._lock = threading.Lock()
        self._token: Token | None = None

    def token(self) -> str:
        with self._lock:
            if self._token is None or time.time() >= self._token.use_until:
                self._token = sign(self._region, self._credentials)
            return self._token.text
