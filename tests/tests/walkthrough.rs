//! The README's walkthrough, run as it is written.
//!
//! That is every fenced block with the info string `sh walkthrough`, one after another in one shell. The address that
//! the README names is replaced by the one of the running app; `ADMIN_TOKEN` is what the app printed.

use std::{fs, process::Stdio};

use end_to_end::{App, Framework, on_both, root};
use tokio::process::Command;

on_both!(it_works_as_written);

const ADDRESS: &str = "http://127.0.0.1:3000";

/// The blocks with that info string, one after another.
fn blocks(markdown: &str, info: &str) -> String {
    let (mut script, mut inside) = (String::new(), false);
    for line in markdown.lines() {
        match line.strip_prefix("```") {
            Some(fence) => inside = !inside && fence.trim() == info,
            None if inside => script.extend([line, "\n"]),
            None => {}
        }
    }
    script
}

async fn it_works_as_written(framework: Framework) {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let script = blocks(&readme, "sh walkthrough");
    assert!(script.contains(ADDRESS), "README.md has no block `sh walkthrough` with {ADDRESS} in it");
    for step in ["/auth/tokens", "/auth/exchange", "/revoke", "401"] {
        assert!(script.contains(step), "the walkthrough does not come by {step}");
    }
    let app = App::start(framework).await;
    let mut shell = Command::new("bash");
    shell.args(["-eu", "-o", "pipefail", "-c", &script.replace(ADDRESS, &app.url)]);
    shell.env("ADMIN_TOKEN", app.admin_token.as_ref().unwrap()).current_dir(app.data()).stdin(Stdio::null());
    let done = shell.output().await.unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{}\n{stdout}\n{stderr}", done.status);
    // It came to its end, and did what it tells.
    let revoked = app.admin().await.list("state=revoked").await;
    assert!(!revoked.is_empty(), "{stdout}\n{stderr}");
}

#[test]
fn blocks_are_found() {
    let text = "a\n```sh walkthrough\none\n```\n```sh\ntwo\n```\n\n```sh walkthrough\nthree\n```\nb\n";
    assert_eq!(blocks(text, "sh walkthrough"), "one\nthree\n");
    assert_eq!(blocks(text, "sh"), "two\n");
}
