//! Which core a thread runs on.

use rustix::thread::{CpuSet, sched_setaffinity};

/// The core of the servers, and of all that is called in process.
pub(crate) const SERVER: usize = 0;

/// The core of the load tool.
pub(crate) const LOAD: usize = 1;

/// Keeps this thread, and those that it starts, on that core. Where that is not allowed the figures are only noisier.
pub(crate) fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    if sched_setaffinity(None, &set).is_err() {
        eprintln!("cannot pin a thread to core {core}");
    }
}
