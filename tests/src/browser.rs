//! A browser, as a person has one: Chromium without a window, driven by its own driver at a port of the system's choice.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{
    By, ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver, WebElement, error::WebDriverResult,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metadata;

/// How long a page, or what its script does, may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many browsers may be open at once.
const AT_ONCE: usize = 2;

/// A browser with one window. Dropped, it and its driver end.
#[derive(Debug)]
pub struct Browser {
    window: Option<WebDriver>,
    /// Ends after the window.
    _driver: Driver,
    _profile: TempDir,
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    fn start() -> Self {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("chromedriver is installed by tests/tools");
        let said = BufReader::new(child.stdout.take().unwrap());
        let port = said.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        Self { child, port: port.expect("chromedriver tells its port") }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It ends its browser then, which killing it would not do.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = stream.set_read_timeout(Some(PATIENCE));
            let _ =
                stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Browser {
    /// A new one, which knows nothing of the others.
    pub async fn start() -> Self {
        static PERMITS: OnceLock<Arc<Semaphore>> = OnceLock::new();
        let permits = PERMITS.get_or_init(|| Arc::new(Semaphore::new(AT_ONCE))).clone();
        let permit = permits.acquire_owned().await.unwrap();
        let driver = Driver::start();
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            // Chromium's own sandbox does not work for root.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            "--window-size=1280,900",
            &format!("--user-data-dir={}", profile.path().display()),
        ] {
            wanted.add_arg(argument).unwrap();
        }
        let window = WebDriver::new(format!("http://127.0.0.1:{}", driver.port), wanted).await.unwrap();
        Self { window: Some(window), _driver: driver, _profile: profile, _permit: permit }
    }

    fn window(&self) -> &WebDriver {
        self.window.as_ref().unwrap()
    }

    /// Opens that address.
    pub async fn open(&self, url: &str) {
        self.window().goto(url).await.unwrap();
    }

    /// Where it is.
    pub async fn url(&self) -> String {
        self.window().current_url().await.unwrap().to_string()
    }

    /// The page, as it stands now.
    pub async fn source(&self) -> String {
        self.window().source().await.unwrap()
    }

    /// What can be read on the page.
    pub async fn text(&self) -> String {
        self.until("body", async || self.window().find(By::Tag("body")).await?.text().await).await
    }

    /// The first element of that selector, once it is there.
    pub async fn element(&self, selector: &str) -> WebElement {
        let by = By::Css(selector);
        self.until(selector, async || self.window().find(by.clone()).await).await
    }

    /// Does that until it is done. A page that is on its way takes the elements away that were just found, and moves
    /// those that are clicked.
    async fn until<T>(&self, what: &str, attempt: impl AsyncFn() -> WebDriverResult<T>) -> T {
        let last = Mutex::new(None);
        let done = async {
            loop {
                match attempt().await {
                    Ok(done) => return done,
                    Err(error) => *last.lock().unwrap() = Some(error),
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if let Ok(done) = tokio::time::timeout(PATIENCE, done).await {
            return done;
        }
        let why = last.lock().unwrap().take();
        panic!("{what}: {why:?} at {}: {}", self.url().await, self.source().await)
    }

    /// Whether there is such an element.
    pub async fn has(&self, selector: &str) -> bool {
        !self.until(selector, async || self.window().find_all(By::Css(selector)).await).await.is_empty()
    }

    /// Presses the button, or follows the link, of that text. If it leads to another page, that page is there then.
    pub async fn press(&self, text: &str) {
        let path = format!("//*[self::a or self::button or self::summary][normalize-space()=\"{text}\"]");
        let (page, leads) = self
            .until(text, async || {
                let page = self.window().find(By::Tag("html")).await?;
                let element = self.window().find(By::XPath(path.as_str())).await?;
                let leads = match element.tag_name().await?.as_str() {
                    "a" => true,
                    "button" => element.prop("type").await?.as_deref() == Some("submit"),
                    _ => false,
                };
                element.click().await?;
                Ok((page, leads))
            })
            .await;
        if leads {
            self.until(text, async || self.left(&page).await).await;
        }
    }

    /// Whether that page is gone, or asks before it goes.
    async fn left(&self, page: &WebElement) -> WebDriverResult<()> {
        let Ok(_) = page.tag_name().await else { return Ok(()) };
        self.window().find(By::Css("dialog[open]")).await.map(drop)
    }

    /// Clicks an element.
    pub async fn click(&self, selector: &str) {
        self.until(selector, async || self.window().find(By::Css(selector)).await?.click().await).await;
    }

    /// Types into the field of that id, in the place of what stands there.
    pub async fn fill(&self, id: &str, text: &str) {
        self.until(id, async || {
            let field = self.window().find(By::Id(id)).await?;
            field.clear().await?;
            field.send_keys(text).await
        })
        .await;
    }

    /// What stands in the field of that id.
    pub async fn value(&self, id: &str) -> String {
        let value = self.until(id, async || self.window().find(By::Id(id)).await?.prop("value").await).await;
        value.unwrap_or_default()
    }

    /// Waits until that can be read.
    pub async fn sees(&self, text: &str) {
        let seen = async {
            loop {
                // The page may go while it is read.
                let body = self.window().find(By::Css("body")).await;
                let read = match body {
                    Ok(body) => body.text().await.unwrap_or_default(),
                    Err(_) => String::new(),
                };
                if read.contains(text) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, seen).await.is_err() {
            panic!("no {text:?} at {}: {}", self.url().await, self.text().await);
        }
    }

    /// What a script gives.
    pub async fn script(&self, script: &str) -> Value {
        self.window().execute(script, Vec::new()).await.unwrap().json().clone()
    }

    async fn command(&self, name: &str, parameters: Value) {
        self.window().cdp().send_raw(name, parameters).await.unwrap();
    }

    /// Runs no script of any page from now on.
    pub async fn without_script(self) -> Self {
        self.command("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
        self
    }

    /// Lets pages read the clipboard, which people do by pasting.
    pub async fn clipboard(&self) -> String {
        let allowed = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
        self.command("Browser.grantPermissions", allowed).await;
        let read =
            "const done = arguments[0]; navigator.clipboard.readText().then(done, (e) => done(String(e)));";
        let read = self.window().execute_async(read, Vec::new()).await.unwrap();
        read.json().as_str().unwrap_or_default().to_owned()
    }

    /// Prefers dark pages, or light ones.
    pub async fn prefers(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.command("Emulation.setEmulatedMedia", features).await;
    }

    /// So wide, and no wider.
    pub async fn width(&self, pixels: u32) {
        let size = json!({"width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.command("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What axe finds wrong with the page, one rule to a line.
    pub async fn violations(&self) -> Vec<String> {
        let axe = metadata().target_directory.join("languages/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&axe).expect("axe-core is installed by tests/tools");
        self.window().execute(axe, Vec::new()).await.unwrap();
        let run = "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})
            .then((found) => done(found.violations.map((wrong) => wrong.id + ': ' + wrong.help + ' '
                + wrong.nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | '))))
            .catch((error) => done([String(error)]));";
        let found = self.window().execute_async(run, Vec::new()).await.unwrap();
        let found = found.json().as_array().unwrap().iter();
        found.map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A picture of all of the page, in `target/screenshots`.
    pub async fn picture(&self, name: &str) {
        let height = self.script("return Math.max(600, document.documentElement.scrollHeight)").await;
        let width = self.script("return window.innerWidth").await;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.command("Emulation.setDeviceMetricsOverride", size).await;
        let folder = metadata().target_directory.join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let picture = self.window().screenshot_as_png().await.unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the session itself, and does not wait for a runtime that may be ending.
        if let Some(window) = self.window.take() {
            let _ = window.leak();
        }
    }
}
