//! Certificates of a moment, and what TLS is set up with.

use std::sync::Arc;

use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use futures_rustls::rustls::crypto::{CryptoProvider, ring};
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::server::Failure;

/// A certificate that its own key has signed, for `localhost` and 127.0.0.1.
#[derive(Debug)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    /// What a client has to be given, to trust the certificate.
    pub pem: String,
}

impl Identity {
    /// A new one.
    ///
    /// # Errors
    ///
    /// When no key can be made.
    pub fn generate() -> Result<Identity, Failure> {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let signed = rcgen::generate_simple_self_signed(names)?;
        Ok(Identity {
            pem: signed.cert.pem(),
            certificate: signed.cert.into(),
            key: PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()).into(),
        })
    }

    /// What a server needs that shows this certificate.
    ///
    /// # Errors
    ///
    /// When the key does not fit the certificate.
    pub fn server_config(self) -> Result<ServerConfig, Failure> {
        Ok(ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], self.key)?)
    }

    /// The certificate and its key.
    pub fn into_parts(self) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        (self.certificate, self.key)
    }
}

/// Trust in one certificate, and in no other.
///
/// # Errors
///
/// When `pem` is no certificate.
pub fn roots(pem: &str) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
    Ok(roots)
}

/// What a client needs that trusts these roots.
///
/// # Errors
///
/// When the provider has no cipher for the protocol's versions.
pub fn client_config(roots: RootCertStore) -> Result<ClientConfig, Failure> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Named, and not left to which features happen to be on in the program.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
