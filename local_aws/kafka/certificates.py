"""The target's certificate authority, and the certificate of its brokers.

One authority per `Home`, made when first asked for, so that its path can be told to clients before any cluster exists
(KAFKA_CA_FILE). Brokers listen on loopback alone; the certificate names it.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local_aws.home import Home

_VALID = datetime.timedelta(days=397)
_SET_BACK = datetime.timedelta(days=1)
_making = threading.Lock()


def authority(home: Home) -> Path:
    """The PEM file of the authority's certificate, made where it is not there yet."""
    with _making:
        return _authority(home)


def _authority(home: Home) -> Path:
    certificate, key = home.kafka / "ca.pem", home.kafka / "ca.key"
    if not (certificate.exists() and key.exists()):
        home.kafka.mkdir(parents=True, exist_ok=True)
        private = ec.generate_private_key(ec.SECP256R1())
        name = _name("Local AWS brokers' authority")
        made = (
            _builder(name, name, private.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .sign(private, hashes.SHA256())
        )
        _write(key, _pem(private))
        _write(certificate, made.public_bytes(serialization.Encoding.PEM))
    return certificate


def issue_broker_certificate(home: Home, to: Path) -> None:
    """Write a PEM key store: the brokers' private key, their certificate, and the authority's."""
    authority_pem = authority(home).read_bytes()
    issuer = x509.load_pem_x509_certificate(authority_pem)
    issuer_key = serialization.load_pem_private_key((home.kafka / "ca.key").read_bytes(), password=None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    private = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")])
    certificate = (
        _builder(_name("Local AWS broker"), issuer.subject, private.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    _write(to, _pem(private) + certificate.public_bytes(serialization.Encoding.PEM) + authority_pem)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SET_BACK)
        .not_valid_after(now - _SET_BACK + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """Write whole or not at all, readable by the owner alone."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    temporary.replace(path)
