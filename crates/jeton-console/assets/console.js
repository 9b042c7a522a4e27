// Comforts: everything works without them.
"use strict";

const all = (selector) => [...document.querySelectorAll(selector)];

// The clipboard is not there over plain HTTP; the old way is. What it says is what happened.
async function copy(field) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(field.value);
      return true;
    } catch {
      // Not allowed: the old way may be.
    }
  }
  field.focus();
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  }
}

const shown = document.querySelector("[data-shown]");
const left = new Set(all("[data-secret]").map((field) => field.id));
let leaving = false;

for (const button of all("[data-copy]")) {
  button.hidden = false;
  const field = document.getElementById(button.dataset.copy);
  const said = document.querySelector(`[data-said="${field.id}"]`);
  button.addEventListener("click", async () => {
    const done = await copy(field);
    said.textContent = done ? button.dataset.copied : button.dataset.failed;
    if (done) left.delete(field.id);
    else field.select();
  });
  // Copied by hand is copied as well, if all of it was selected.
  field.addEventListener("copy", () => {
    if (field.selectionEnd - field.selectionStart === field.value.length) left.delete(field.id);
  });
}

if (shown) {
  const once = "once" in shown.dataset;
  const guard = document.getElementById("guard");
  // The page would come back with the secrets in it.
  window.addEventListener("pagehide", () => {
    for (const field of all("[data-secret]")) field.value = "";
  });
  if (once) {
    window.addEventListener("beforeunload", (event) => {
      if (left.size && !leaving) event.preventDefault();
    });
    document.querySelector("[data-leave]").addEventListener("click", (event) => {
      if (!left.size) return;
      event.preventDefault();
      guard.showModal();
    });
    guard.querySelector("[data-stay]").addEventListener("click", () => guard.close());
    guard.querySelector("[data-go]").addEventListener("click", () => {
      leaving = true;
    });
  }
}

for (const ticker of all("[data-all]")) {
  ticker.parentElement.hidden = false;
  const boxes = all(`input[name="${ticker.dataset.all}"]:not(:disabled)`);
  ticker.addEventListener("change", () => {
    for (const box of boxes) box.checked = ticker.checked;
  });
}

// "Will expire on …"
const sentence = document.querySelector("[data-sentence]");
if (sentence) {
  const day = document.getElementById("expires_on");
  const say = () => {
    const chosen = document.querySelector('input[name="expires"]:checked');
    let until = chosen ? chosen.dataset.until : "";
    if (chosen && chosen.value === "date" && day.value) {
      const options = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
      const language = sentence.dataset.language === "en" ? "en-GB" : sentence.dataset.language;
      until = new Date(day.value).toLocaleDateString(language, options);
    }
    const { will, never } = sentence.dataset;
    sentence.textContent = until === "never" ? never : until ? will.replace("{date}", until) : "";
  };
  for (const radio of all('input[name="expires"]')) radio.addEventListener("change", say);
  day.addEventListener("input", () => {
    const date = document.querySelector('input[name="expires"][value="date"]');
    if (day.value) date.checked = true;
    say();
  });
  say();
}

// Users whom the text fits.
for (const field of all("[data-users]")) {
  let wait;
  field.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(async () => {
      const answer = await fetch(`${field.dataset.users}?text=${encodeURIComponent(field.value)}`);
      if (!answer.ok) return;
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      field.list.replaceChildren(...found.querySelectorAll("option"));
    }, 200);
  });
}

const wrong = document.querySelector(".summary");
if (wrong) wrong.focus();
