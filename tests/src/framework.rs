//! The two quickstarts, and their programs.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::{metadata, root};

/// Which quickstart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// `quickstart-axum`
    Axum,
    /// `quickstart-actix`
    Actix,
}

impl Framework {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Axum, Self::Actix];

    const fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
        }
    }

    /// Its quickstart, of the same profile as the test. The first call builds all programs.
    pub fn program(self) -> PathBuf {
        self.program_of("quickstart")
    }

    /// Another example of it.
    pub fn program_of(self, example: &str) -> PathBuf {
        static FOLDER: OnceLock<PathBuf> = OnceLock::new();
        FOLDER.get_or_init(build).join(format!("{example}-{}", self.name()))
    }
}

fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    // In these words, so that it takes what `cargo test --workspace` has built: with `-p`, the dependencies would have
    // other features and be built a second time.
    cargo.current_dir(root()).args(["build", "--quiet", "--locked", "--workspace", "--bins", "--examples"]);
    // The folder of the profile is two above the test itself: `debug/deps/end_to_end-…`.
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).and_then(Path::file_name).unwrap().to_str().unwrap().to_owned();
    match profile.as_str() {
        "debug" => {}
        other => {
            cargo.args(["--profile", other]);
        }
    }
    let done = cargo.status().unwrap();
    assert!(done.success(), "the quickstarts do not build: {done}");
    metadata().target_directory.as_std_path().join(profile)
}
