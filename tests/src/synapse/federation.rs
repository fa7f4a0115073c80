//! Homeservers of one machine that federate: each is named by a port of its own, where it listens
//! with TLS, and believes one private authority.

use std::{
    io,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// What a homeserver needs to federate.
#[derive(Clone, Debug)]
pub struct Federation {
    /// The port in its name, where other homeservers reach it.
    pub port: u16,
    /// By what they know it.
    pub certificates: Certificates,
}

/// A certificate for every homeserver of this machine, and the authority behind it.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority's certificate.
    pub authority: PathBuf,
    /// The homeservers' certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes an authority and lets it certify `localhost`. The files are in `directory`.
    pub fn make(directory: &Path) -> io::Result<Self> {
        let files = Self {
            authority: directory.join("authority.pem"),
            certificate: directory.join("localhost.pem"),
            key: directory.join("localhost.key"),
        };
        let (authority, certificate, key) = certify().map_err(io::Error::other)?;
        std::fs::write(&files.authority, authority)?;
        std::fs::write(&files.certificate, certificate)?;
        std::fs::write(&files.key, key)?;
        Ok(files)
    }
}

/// The authority's certificate, the one for `localhost`, and its key, as PEM.
fn certify() -> Result<(String, String, String), rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Authority of a test");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut homeserver = CertificateParams::new(names)?;
    homeserver.distinguished_name.push(DnType::CommonName, "Homeserver of a test");
    let certificate = homeserver.signed_by(&key, &authority)?;
    Ok((authority.pem(), certificate.pem(), key.serialize_pem()))
}
