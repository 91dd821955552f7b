"""Settings for confluent-kafka's clients: where the brokers are, TLS, and tokens that renew themselves.

librdkafka asks for a token when it makes a client and again at four fifths of a token's life, from `poll` and
`consume` (confluent-kafka-python, `oauth_cb`). The settings hold a closure: send a `Connection` to a worker process
and make the settings there. Making a client takes a second where it has an `oauth_cb`: the library waits for its own poll.
"""

from __future__ import annotations

from typing import Any

from kafka_access.connection import Auth, Connection
from kafka_access.tokens import CredentialSource, environment_credentials, sign


def client_config(connection: Connection, credentials: CredentialSource | None = None) -> dict[str, Any]:
    """What to merge into the settings of a Producer, Consumer or AdminClient.

    `credentials` sign the tokens; those of the environment where not given.
    """
    if connection.auth is Auth.NONE:
        return {"bootstrap.servers": connection.bootstrap, "security.protocol": "PLAINTEXT"}
    source = credentials or environment_credentials()

    def token(_settings: str) -> tuple[str, float]:
        signed = sign(connection.region, source)
        return signed.text, signed.use_until

    config: dict[str, Any] = {
        "bootstrap.servers": connection.bootstrap,
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "OAUTHBEARER",
        "oauth_cb": token,
    }
    if connection.ca_file is not None:
        config["ssl.ca.location"] = str(connection.ca_file)
    return config
