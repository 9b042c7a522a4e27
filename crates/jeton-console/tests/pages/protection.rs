use bytes::Bytes;
use http::Method;
use jeton_http::Body;

use crate::house::house;

const PAGES: [&str; 9] = [
    "/sign-in",
    "/tokens",
    "/tokens/new",
    "/tokens/bulk?action=revoke",
    "/me",
    "/me/new",
    "/audit",
    "/keys",
    "/nowhere",
];

#[tokio::test]
async fn every_page_has_the_headers_that_protect_it() {
    let house = house().await;
    let made = house.named("one").await.record.id;
    let root = house.signed_in("root").await;
    let of_token = ["", "/edit", "/rotate", "/disable", "/revoke", "/delete", "/reveal"]
        .map(|action| format!("/tokens/{made}{action}"));
    for path in PAGES.into_iter().chain(of_token.iter().map(String::as_str)) {
        let shown = root.get(path).await;
        let policy = shown.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.ends_with("; frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(shown.header("cache-control"), "no-store", "{path}");
        assert_eq!(shown.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(shown.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(shown.header("x-frame-options"), "DENY", "{path}");
        // What the policy forbids is not there either.
        let text = shown.text();
        for inline in ["<style", " style=", " onclick=", "<script>", "javascript:", "http://", "//cdn"] {
            assert!(!text.contains(inline), "{inline} on {path}");
        }
    }
}

#[tokio::test]
async fn no_form_of_another_site_does_anything() {
    let house = house().await;
    let made = house.named("one").await.record.id;
    let forms = [
        "/sign-in".to_owned(),
        "/sign-out".to_owned(),
        "/tokens/new".to_owned(),
        "/tokens/bulk".to_owned(),
        "/me/new".to_owned(),
        "/keys/rotate".to_owned(),
        "/keys/retire".to_owned(),
        format!("/tokens/{made}/edit"),
        format!("/tokens/{made}/rotate"),
        format!("/tokens/{made}/disable"),
        format!("/tokens/{made}/enable"),
        format!("/tokens/{made}/revoke"),
        format!("/tokens/{made}/delete"),
        format!("/tokens/{made}/leaked"),
        format!("/tokens/{made}/reveal"),
        format!("/tokens/{made}/cancel-rotation"),
    ];
    for visitor in [house.signed_in("root").await, house.host("root", None)] {
        let silent = visitor.clone().without("sec-fetch-site");
        for path in &forms {
            for elsewhere in [
                silent.clone(),
                silent.clone().header("sec-fetch-site", "cross-site"),
                silent.clone().header("sec-fetch-site", "same-site"),
                silent.clone().header("sec-fetch-site", "none"),
                silent.clone().header("origin", "https://evil.example"),
                silent.clone().header("origin", "null"),
            ] {
                let fields = [("name", "forged"), ("action", "revoke"), ("id", &made.to_string())];
                elsewhere.post(path, &fields).await.is(403).has("did not come from a page of the app");
            }
        }
        let same = silent.clone().header("origin", "https://app.example");
        same.post(&format!("/tokens/{made}/disable"), &[]).await.is(303);
        same.post(&format!("/tokens/{made}/enable"), &[]).await.is(303);
    }
    let found = house.authority.find(&jeton::Caller::system("x"), made).await.unwrap();
    assert_eq!(found.standing, jeton::Standing::Active);
}

#[tokio::test]
async fn looking_at_a_page_changes_nothing() {
    let house = house().await;
    let made = house.named("one").await.record.id;
    let root = house.signed_in("root").await.without("sec-fetch-site");
    for action in
        ["disable", "revoke", "delete", "leaked", "reveal", "rotate", "edit", "enable", "cancel-rotation"]
    {
        root.get(&format!("/tokens/{made}/{action}?confirm=one&reason=x&grace=0")).await.is(200).lacks("eyJ");
    }
    root.get(&format!("/tokens/bulk?action=revoke&id={made}&confirm=1")).await.is(200);
    let found = house.authority.find(&jeton::Caller::system("x"), made).await.unwrap();
    assert_eq!((found.version, found.standing), (1, jeton::Standing::Active));
}

#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let house = house().await;
    let root = house.signed_in("root").await;
    let nothing = || Body::Complete(Bytes::new());
    for (method, path, allow) in [
        (Method::POST, "/tokens", "GET, HEAD"),
        (Method::DELETE, "/tokens/new", "GET, HEAD, POST"),
        (Method::PUT, "/keys", "GET, HEAD"),
    ] {
        let shown = root.ask(method, path, nothing()).await.is(405);
        assert_eq!(shown.header("allow"), allow);
    }
    assert_eq!(root.ask(Method::HEAD, "/tokens", nothing()).await.status(), 200);
    for path in
        ["/nowhere", "/tokens/x", "/tokens/new/x", "/tokens/x/y/z", "/assets/console.css", "/..", "/me/bulk"]
    {
        root.get(path).await.is(404);
    }
    root.get("").await.leads_to("/");
    root.ask(Method::POST, "/tokens/new", Body::TooLarge).await.is(413);
    root.ask(Method::POST, "/tokens/new", Body::Broken).await.is(400);
}

#[tokio::test]
async fn assets_are_named_by_what_is_in_them_and_kept() {
    let house = house().await;
    let page = house.anybody().get("/sign-in").await.text();
    let mut weight = page.len();
    for (extension, media_type) in
        [("css", "text/css; charset=utf-8"), ("js", "text/javascript; charset=utf-8")]
    {
        let at = page.split('"').find(|part| part.ends_with(&format!(".{extension}"))).unwrap();
        let shown = house.anybody().get(at.strip_prefix("/auth/console").unwrap()).await.is(200);
        assert_eq!(shown.header("content-type"), media_type);
        assert_eq!(shown.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(shown.header("x-content-type-options"), "nosniff");
        weight += shown.text().len();
    }
    assert!(weight < 50_000, "{weight}");
    let coloured = house.console.clone().accent("#123456".parse().unwrap(), "#abcdef".parse().unwrap());
    let coloured = crate::house::House { console: coloured, ..house };
    assert!(!page.contains("#123456"));
    let other = coloured.anybody().get("/sign-in").await.text();
    let sheet = |page: &str| page.split('"').find(|part| part.ends_with(".css")).unwrap().to_owned();
    assert_ne!(sheet(&page), sheet(&other));
    coloured
        .anybody()
        .get(sheet(&other).strip_prefix("/auth/console").unwrap())
        .await
        .is(200)
        .has("--accent:#123456");
}
