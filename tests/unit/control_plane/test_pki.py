"""Keys and certificates."""

from __future__ import annotations

import base64
import hashlib
import stat

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from pytest_eksconform.emulation.control_plane.pki import (
    create_authority,
    ensure_pki,
    issue_client_certificate,
    issue_server_certificate,
    service_account_jwks,
)


def test_a_pki_is_made_once_and_is_private(tmp_path):
    first = ensure_pki(tmp_path / "pki", ["127.0.0.1"])
    again = ensure_pki(tmp_path / "pki", ["127.0.0.1"])
    assert first.ca.certificate_pem == again.ca.certificate_pem
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "pki").glob("*.key")}
    assert modes == {0o600}


def test_a_pki_that_was_not_finished_is_made_again(tmp_path):
    pki = ensure_pki(tmp_path / "pki", ["127.0.0.1"])
    (tmp_path / "pki" / "complete").unlink()
    assert ensure_pki(tmp_path / "pki", ["127.0.0.1"]).ca.key_pem != pki.ca.key_pem


def test_server_certificates_carry_names_and_addresses():
    ca = create_authority("test")
    pair = issue_server_certificate(ca, ["127.0.0.1", "oidc.example"])
    certificate = x509.load_pem_x509_certificate(pair.certificate_pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.DNSName) == ["oidc.example"]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(ca.certificate_pem))


def test_client_certificates_name_user_and_groups():
    pair = issue_client_certificate(create_authority("test"), "ann", ["readers", "writers"])
    subject = x509.load_pem_x509_certificate(pair.certificate_pem).subject
    assert [a.value for a in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["ann"]
    groups = [a.value for a in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    assert groups == ["readers", "writers"]


def test_key_pairs_do_not_show_their_key():
    assert "PRIVATE" not in repr(create_authority("test"))


def test_key_ids_are_digests_of_the_keys(tmp_path):
    pem = ensure_pki(tmp_path, ["127.0.0.1"]).service_account_public_key.read_bytes()
    (key,) = service_account_jwks(pem)["keys"]
    encoded = serialization.load_pem_public_key(pem).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = base64.urlsafe_b64encode(hashlib.sha256(encoded).digest()).rstrip(b"=")
    assert key["kid"] == digest.decode()
    assert key["alg"] == "RS256"
