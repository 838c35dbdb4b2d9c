"""Keys and certificates of one control plane; they exist only in its directory."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID_DAYS = 3650
_CLOCK_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True, repr=False)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate_pem: bytes
    key_pem: bytes


@dataclass(frozen=True)
class Pki:
    """The files of a control plane's PKI.

    Args:
        ca: the authority that signs everything.
        directory: holds ``ca.crt``, ``ca.key``, ``apiserver.*``, ``<client>.*`` and
            ``service-account.*``; readable by its owner only.
    """

    ca: KeyPair
    directory: Path

    def certificate(self, name: str) -> Path:
        """The path of a certificate, for example that of ``admin``."""
        return self.directory / f"{name}.crt"

    def key(self, name: str) -> Path:
        """The path of a private key."""
        return self.directory / f"{name}.key"

    @property
    def service_account_public_key(self) -> Path:
        """The path of the public key that service account tokens are verified with."""
        return self.directory / "service-account.pub"


CLIENTS = {
    "admin": ("kubernetes-admin", ("system:masters",)),
    "controller-manager": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "kwok": ("kwok-node-stand-in", ("system:masters",)),
}


def ensure_pki(directory: Path, server_names: Sequence[str]) -> Pki:
    """The PKI in ``directory``, made first if it is not there.

    Args:
        server_names: DNS names and addresses that the API server answers to.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (directory / "complete").exists():
        _create(directory, server_names)
        (directory / "complete").touch()
    ca = KeyPair((directory / "ca.crt").read_bytes(), (directory / "ca.key").read_bytes())
    return Pki(ca, directory)


def _create(directory: Path, server_names: Sequence[str]) -> None:
    ca = create_authority("kubernetes")
    pairs = {"ca": ca, "apiserver": issue_server_certificate(ca, server_names)}
    for name, (user, groups) in CLIENTS.items():
        pairs[name] = issue_client_certificate(ca, user, groups)
    for name, pair in pairs.items():
        write_private(directory / f"{name}.crt", pair.certificate_pem)
        write_private(directory / f"{name}.key", pair.key_pem)
    # EKS signs service account tokens with RS256, so clients may insist on it
    account_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_private(directory / "service-account.key", _private_pem(account_key))
    write_private(directory / "service-account.pub", _public_pem(account_key.public_key()))


def create_authority(common_name: str) -> KeyPair:
    """A new certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name, ())
    builder = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .add_extension(_key_identifier(key.public_key()), critical=False)
    )
    return _signed(builder, key, key)


def issue_server_certificate(ca: KeyPair, names: Sequence[str]) -> KeyPair:
    """A certificate for a server that answers to these DNS names and IP addresses."""
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    return _issue(ca, _name(names[0], ()), ExtendedKeyUsageOID.SERVER_AUTH, alternatives)


def issue_client_certificate(ca: KeyPair, user: str, groups: Sequence[str] = ()) -> KeyPair:
    """A certificate that Kubernetes takes for this user in these groups."""
    return _issue(ca, _name(user, groups), ExtendedKeyUsageOID.CLIENT_AUTH, None)


def service_account_jwks(public_keys_pem: bytes) -> dict[str, list[dict[str, str]]]:
    """The JSON Web Key Set of service account keys, with the key ids kube-apiserver uses.

    Args:
        public_keys_pem: one or more RSA public keys, PEM, one after the other.
    """
    end = b"-----END PUBLIC KEY-----"
    keys = [part + end for part in public_keys_pem.split(end) if part.strip()]
    return {"keys": [_web_key(key) for key in keys]}


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _web_key(pem: bytes) -> dict[str, str]:
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("service account keys are RSA keys")
    numbers = key.public_numbers()
    encoded = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "use": "sig",
        "kty": "RSA",
        "kid": _base64url(hashlib.sha256(encoded).digest()),
        "alg": "RS256",
        "n": _base64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
        "e": _base64url(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")),
    }


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _issue(
    ca: KeyPair,
    subject: x509.Name,
    usage: x509.ObjectIdentifier,
    alternatives: x509.SubjectAlternativeName | None,
) -> KeyPair:
    authority = x509.load_pem_x509_certificate(ca.certificate_pem)
    authority_key = serialization.load_pem_private_key(ca.key_pem, None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is an elliptic curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = (
        _builder(subject, authority.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(identifier, critical=False)
    )
    if alternatives is not None:
        builder = builder.add_extension(alternatives, critical=False)
    return _signed(builder, key, authority_key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + datetime.timedelta(days=_VALID_DAYS))
    )


def _signed(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    signing_key: ec.EllipticCurvePrivateKey,
) -> KeyPair:
    certificate = builder.sign(signing_key, hashes.SHA256())
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    return KeyPair(pem, _private_pem(key))


def _name(common_name: str, organizations: Sequence[str]) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organizations]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_identifier(key: ec.EllipticCurvePublicKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key)


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(key: rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
