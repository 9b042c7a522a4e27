//! A running quickstart.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Actor, Framework, Made};

/// How long a start, or an end, may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What seals the keys that nodes share.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// How a quickstart is started. Starts of one setup share a folder, and so the default database.
#[derive(Clone, Debug)]
pub struct Setup {
    program: PathBuf,
    folder: Arc<TempDir>,
    variables: Vec<(String, String)>,
    starts: Arc<AtomicU32>,
}

impl Setup {
    /// In a new folder, at a port of the system's choice.
    pub fn new(framework: Framework) -> Self {
        Self::of(framework.program())
    }

    /// The same of a resource server that accepts the tokens of that issuer.
    pub fn resource_server(framework: Framework, issuer: &str) -> Self {
        Self::of(framework.program_of("resource-server")).env("JETON_ISSUER", issuer)
    }

    /// One of several nodes of one app, on that database.
    pub fn node(framework: Framework, database: &str) -> Self {
        Self::new(framework)
            .env("JETON_DATABASE_URL", database)
            .env("JETON_MASTER_KEY", MASTER_KEY)
            .env("JETON_ISSUER", "http://demo.example/auth")
    }

    fn of(program: PathBuf) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        for part in ["data", "output"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let setup = Self { program, folder, variables: Vec::new(), starts: Arc::default() };
        setup.env("JETON_ADDR", "127.0.0.1:0")
    }

    /// With that variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// The folder that the program works in.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it, and waits until it serves.
    pub async fn start(&self) -> App {
        let (child, output) = self.spawn();
        let mut app = App {
            child,
            url: String::new(),
            admin_token: None,
            anonymous: Actor::anonymous("http://unknown"),
            output,
            setup: self.clone(),
        };
        let started = tokio::time::timeout(PATIENCE, async {
            loop {
                let ended = app.child.try_wait().unwrap();
                let printed = app.stdout();
                if let Some(url) = line(&printed, "listening: ") {
                    return (url.to_owned(), line(&printed, "admin-token: ").map(str::to_owned));
                }
                assert!(ended.is_none(), "{ended:?}: {}", app.stderr());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        (app.url, app.admin_token) = started.await.expect("the app does not start");
        app.anonymous = Actor::anonymous(&app.url);
        app
    }

    /// Starts it, and waits until it has ended by itself.
    pub async fn run(&self) -> Ended {
        let (mut child, output) = self.spawn();
        let status = ended(&mut child).await;
        Ended { status, stdout: output.read("stdout"), stderr: output.read("stderr") }
    }

    fn spawn(&self) -> (Child, Output) {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let output = Output(self.folder.path().join("output").join(number.to_string()));
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("JETON_") || name == "RUST_LOG")
        {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.data()).stdin(Stdio::null());
        command.stdout(File::create(output.file("stdout")).unwrap());
        command.stderr(File::create(output.file("stderr")).unwrap());
        (command.spawn().unwrap(), output)
    }
}

/// What a program has written.
#[derive(Debug)]
struct Output(PathBuf);

impl Output {
    fn file(&self, stream: &str) -> PathBuf {
        self.0.with_extension(stream)
    }

    fn read(&self, stream: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.file(stream)).unwrap()).into_owned()
    }
}

/// A program that has ended by itself.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What it wrote to the standard output.
    pub stdout: String,
    /// What it wrote to the standard error output.
    pub stderr: String,
}

/// A running quickstart; dropped, it is killed.
#[derive(Debug)]
pub struct App {
    child: Child,
    output: Output,
    anonymous: Actor,
    setup: Setup,
    /// The URL that it printed.
    pub url: String,
    /// The first token, if it printed one.
    pub admin_token: Option<String>,
}

impl App {
    /// One with the default settings.
    pub async fn start(framework: Framework) -> Self {
        Setup::new(framework).start().await
    }

    /// Nobody.
    pub fn anon(&self) -> Actor {
        self.anonymous.clone()
    }

    /// Whoever holds that token.
    pub fn bearer(&self, token: &str) -> Actor {
        self.anonymous.with_bearer(token)
    }

    /// The holder of a new access token of the first token.
    pub async fn admin(&self) -> Actor {
        self.exchange(self.admin_token.as_deref().expect("the app printed no token")).await
    }

    /// The holder of a new access token, for an API token.
    pub async fn exchange(&self, api_token: &str) -> Actor {
        let answer = self.bearer(api_token).post_empty("/auth/exchange").await.is(200);
        self.bearer(answer.json()["access_token"].as_str().unwrap())
    }

    /// A new token, with these fields and, unless they hold one, a name of its own.
    pub async fn generate(&self, mut fields: Value) -> Made {
        if fields.get("name").is_none() {
            static NEXT: AtomicU32 = AtomicU32::new(1);
            fields["name"] = json!(format!("token {}", NEXT.fetch_add(1, Ordering::Relaxed)));
        }
        let answer = self.admin().await.post("/auth/tokens", fields).await.is(201).json();
        Made::of(&answer)
    }

    /// The holder of an access token, of a new token for that user.
    pub async fn user(&self, subject: &str) -> Actor {
        let made = self.generate(json!({"subject": subject})).await;
        self.exchange(&made.api_token).await
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// What it has written to the standard output up to now.
    pub fn stdout(&self) -> String {
        self.output.read("stdout")
    }

    /// What it has written to the standard error output up to now.
    pub fn stderr(&self) -> String {
        self.output.read("stderr")
    }

    /// The folder that it works in.
    pub fn data(&self) -> PathBuf {
        self.setup.data()
    }

    /// The default database.
    pub fn database(&self) -> PathBuf {
        self.data().join("jeton.sqlite3")
    }

    /// `kill -9`
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, and waits for the end.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        ended(&mut self.child).await
    }

    /// Sends SIGSTOP, and waits until it stands still.
    pub async fn pause(&self) {
        self.signal("STOP");
        let stat = format!("/proc/{}/stat", self.child.id());
        // The state follows the name, which ends with the last parenthesis.
        while !fs::read_to_string(&stat).unwrap().rsplit_once(") ").unwrap().1.starts_with('T') {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Sends SIGCONT.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        // The shell's own `kill`: a fresh machine may lack the program.
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ended(child: &mut Child) -> ExitStatus {
    let end = async {
        loop {
            match child.try_wait().unwrap() {
                Some(status) => return status,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    if let Ok(status) = tokio::time::timeout(PATIENCE, end).await {
        return status;
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("the program does not end");
}

/// What follows the word on a line of its own, once the line is complete.
fn line<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.split_inclusive('\n').find_map(|line| line.strip_prefix(word)?.strip_suffix('\n'))
}
