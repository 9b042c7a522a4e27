//! Sealing of signing keys, so that the store holds none in clear.
//!
//! Each key is sealed with a data key of its own (AES-256-GCM), and the master key only wraps data keys: it can be
//! changed by wrapping them anew.

use std::{
    fmt, fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    base64url, from_base64url,
    provider::{self, NONCE_BYTES},
};
use crate::{Random, RandomError};

/// What AES-GCM appends. With room for it, no copy in clear is left behind when the bytes grow.
const TAG_BYTES: usize = 16;

/// A signing key as the store keeps it: a wrapped data key, and what that key sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The data key, sealed by the master key; the nonce comes first.
    pub wrapped: Vec<u8>,
    /// The signing key, sealed by the data key; the nonce comes first.
    pub body: Vec<u8>,
}

/// Why there is no master key, or why it does not open what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The text is not 32 bytes in base64url.
    #[error("a master key is 32 bytes in base64url without padding (43 characters)")]
    Form,
    /// The file cannot be read or made.
    #[error("the master key file {path} cannot be used")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The key sealed nothing of what it should open: it is another one, or the data was changed.
    #[error("the master key does not open what the store holds: it is another one, or the store was changed")]
    WrongKey,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The 32 bytes that protect the managed signing keys in the store. Nodes of one store share one.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(redacted)")
    }
}

impl MasterKey {
    /// Makes a new one.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(&mut *bytes)?;
        Ok(Self(bytes))
    }

    /// Reads 32 bytes in base64url, as an environment variable holds them.
    pub fn from_base64url(text: &str) -> Result<Self, MasterKeyError> {
        let bytes = Zeroizing::new(from_base64url(text.trim()).ok_or(MasterKeyError::Form)?);
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return Err(MasterKeyError::Form);
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// Reads the key from that file; makes both, with mode 0600, if there is no such file. A crash in between
    /// leaves no half-written file.
    pub fn from_file_or_create(path: &Path, random: &dyn Random) -> Result<Self, MasterKeyError> {
        let failed = |source| MasterKeyError::File { path: path.to_owned(), source };
        match fs::read_to_string(path) {
            Ok(text) => return Self::from_base64url(&Zeroizing::new(text)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Err(_) => {}
        }
        let key = Self::generate(random)?;
        create(path, &key, random).map_err(failed)?;
        // Another process may have been first: what lies there now is the key.
        Self::from_base64url(&Zeroizing::new(fs::read_to_string(path).map_err(failed)?))
    }

    /// `context` binds the sealed key to its place: it opens under the same context only.
    pub(crate) fn seal(
        &self,
        plain: &[u8],
        context: &[u8],
        random: &dyn Random,
    ) -> Result<Sealed, MasterKeyError> {
        let data_key = Self::generate(random)?;
        let wrapped = encrypt(&self.0, &*data_key.0, context, random)?;
        let body = encrypt(&data_key.0, plain, context, random)?;
        Ok(Sealed { wrapped, body })
    }

    pub(crate) fn open(&self, sealed: &Sealed, context: &[u8]) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        let data_key = decrypt(&self.0, &sealed.wrapped, context)?;
        let data_key = data_key.as_slice().try_into().map_err(|_| MasterKeyError::WrongKey)?;
        decrypt(&Zeroizing::new(data_key), &sealed.body, context)
    }
}

/// Writes beside the target, then links it into place: the link fails where a file exists, and is never half-made.
fn create(path: &Path, key: &MasterKey, random: &dyn Random) -> io::Result<()> {
    let mut suffix = [0; 8];
    random.fill(&mut suffix).map_err(io::Error::other)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", base64url(&suffix)));
    let temporary = PathBuf::from(temporary);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    let text = Zeroizing::new(base64url(&*key.0) + "\n");
    let linked = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
        match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    });
    fs::remove_file(&temporary)?;
    linked?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}

fn encrypt(
    key: &[u8; 32],
    plain: &[u8],
    context: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, MasterKeyError> {
    let mut nonce = [0; NONCE_BYTES];
    random.fill(&mut nonce)?;
    let mut body = Vec::with_capacity(plain.len() + TAG_BYTES);
    body.extend_from_slice(plain);
    provider::seal(key, nonce, context, &mut body).ok_or(MasterKeyError::WrongKey)?;
    Ok([nonce.as_slice(), &body].concat())
}

fn decrypt(key: &[u8; 32], sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
    let (nonce, body) = sealed.split_first_chunk().ok_or(MasterKeyError::WrongKey)?;
    let mut body = Zeroizing::new(body.to_vec());
    provider::open(key, *nonce, context, &mut body).ok_or(MasterKeyError::WrongKey)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn opens_only_with_its_key_in_its_place() {
        let (key, other) =
            (MasterKey::generate(&SystemRandom).unwrap(), MasterKey::generate(&SystemRandom).unwrap());
        let sealed = key.seal(b"secret", b"here", &SystemRandom).unwrap();
        assert_eq!(key.open(&sealed, b"here").unwrap().as_slice(), b"secret");
        assert!(key.open(&sealed, b"there").is_err());
        assert!(other.open(&sealed, b"here").is_err());
        let mut broken = sealed.clone();
        broken.body[NONCE_BYTES] ^= 1;
        assert!(key.open(&broken, b"here").is_err());
        assert!(key.open(&Sealed { wrapped: vec![], body: vec![] }, b"here").is_err());
    }

    #[test]
    fn the_file_is_private_and_made_once() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("jeton-master-key-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("key");
        let first = MasterKey::from_file_or_create(&path, &SystemRandom).unwrap();
        let second = MasterKey::from_file_or_create(&path, &SystemRandom).unwrap();
        assert_eq!(*first.0, *second.0);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
        fs::write(&path, "short").unwrap();
        assert!(matches!(MasterKey::from_file_or_create(&path, &SystemRandom), Err(MasterKeyError::Form)));
        fs::remove_dir_all(&folder).unwrap();
    }
}
