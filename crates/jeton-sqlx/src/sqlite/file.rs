//! The file of a new database, readable for its owner only from the first moment.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// Makes an empty file there, with mode 0600, unless something is there already.
///
/// The file is made under another name and linked into place: closing a database file drops every lock that SQLite
/// holds on it in this process (<https://sqlite.org/howtocorrupt.html>, 2.2), so it may be closed by SQLite only.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    let draft = draft(path)?;
    let linked = fs::hard_link(&draft, path);
    let removed = fs::remove_file(&draft);
    match linked {
        // Another process was first; its file is as good.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => removed,
    }
}

/// A new empty file beside the path.
fn draft(path: &Path) -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    loop {
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{}-{}.new", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        match options.open(&draft) {
            // Left behind by a crash of a process that had this one's number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(draft.into()),
        }
    }
}
