//! What each field, parameter and member is, in one sentence, with an example. A name means the same wherever it stands,
//! unless a schema says otherwise.

use serde_json::{Value, json};

const TOKEN: &str = "eyJ0eXAiOiJhcGkrand0IiwiYWxnIjoiRWREU0EifQ.eyJpc3MiOiJodHRwcyJ9.c2lnbmF0dXJl";
const ID: &str = "01a2093e-5268-74ab-9412-96915a90a9fe";
const KID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const TIME: &str = "2026-11-01T12:00:00Z";
const LATER: &str = "2026-12-01T12:00:00Z";

/// The schema with what is said of that name in there.
pub(crate) fn explained(component: &str, name: &str, mut schema: Value) -> Value {
    if let Some((description, example)) = entry(component, name) {
        schema["description"] = json!(description);
        // What refers to a schema has the examples that stand there.
        if !example.is_null() {
            schema["examples"] = json!([example]);
        }
    }
    schema
}

/// First what a name means in one place, then what it means everywhere.
fn entry(component: &str, name: &str) -> Option<(&'static str, Value)> {
    special(component, name)
        .or_else(|| of_tokens(name))
        .or_else(|| of_requests(name))
        .or_else(|| of_answers(name))
        .or_else(|| of_oauth(name))
        .or_else(|| of_metadata(name))
}

fn special(component: &str, name: &str) -> Option<(&'static str, Value)> {
    Some(match (component, name) {
        ("Token", "expires_at") => ("The end, exclusive; `null` if it never ends.", json!(LATER)),
        ("Key", "state") => ("Whether it signs.", json!("signing")),
        ("Audience", "name") | ("path", "name") => ("The name of the audience.", json!("external")),
        ("Audience" | "AudienceMembers", "groups") => {
            ("Whoever is in one of these groups.", json!(["staff"]))
        }
        ("Audience" | "AudienceMembers", "roles") => ("Whoever has one of these roles.", json!(["reader"])),
        ("AuditEntry", "tenant") => ("The tenant of that token.", json!("shop")),
        ("AuditEntry" | "query", "token_id") => ("The token that it was done to.", json!(ID)),
        ("AuditEntry", "action") => ("What was done.", json!("disable")),
        ("AuditEntry", "reason") => (
            "What was said of why; the code of a refusal, or which key or audience it was.",
            json!("on holiday"),
        ),
        ("query", "action") => ("What was done.", json!("exchange")),
        ("query", "name") => ("A part of the name, in any case.", json!("report")),
        ("query", "role") => ("A role that it has.", json!("reader")),
        ("BulkResult", "id") => ("As it was sent.", json!(ID)),
        ("BulkResult", "status") => ("What the same would have been answered for it alone.", json!(200)),
        ("Problem", "status") => ("The status of the answer.", json!(400)),
        ("OauthAccessToken", "token_type") => ("How it is sent.", json!("Bearer")),
        ("Introspection", "token_type") => (
            "`Bearer` for an access token; `N_A` for an API token, which is none of a resource.",
            json!("Bearer"),
        ),
        ("IntrospectionRequest" | "RevocationRequest", "token") => ("The token.", json!(TOKEN)),
        ("TokenRequest", "audience") => {
            ("What the access token shall be for.", json!(["https://app.example"]))
        }
        ("TokenRequest", "resource") => {
            ("The same as `audience` (RFC 8707).", json!(["https://app.example"]))
        }
        ("OauthError", "error") => ("A stable word (RFC 6749 §5.2).", json!("invalid_request")),
        _ => return None,
    })
}

fn of_tokens(name: &str) -> Option<(&'static str, Value)> {
    Some(match name {
        "id" => ("For ever the same.", json!(ID)),
        "kind" => ("Made by an admin for a program, or by a user for itself.", json!("service")),
        "name" => (
            "Unique among the undeleted tokens of the tenant; 1 to 100 characters, no control characters.",
            json!("Nightly report"),
        ),
        "description" => ("Free text, at most 1000 characters.", json!("Writes the report each night.")),
        "subject" => ("The user that it acts as; none for a service principal.", json!("alice")),
        "tenant" => ("The tenant that it belongs to.", json!("shop")),
        "groups" => ("The groups that it stands for, or is narrowed to.", json!(["staff"])),
        "roles" => ("The roles that it has, or is narrowed to.", json!(["reader"])),
        "scopes" => ("The scopes that it has, or is narrowed to.", json!(["reports:read"])),
        "audiences" => ("What it may be exchanged for; empty for all.", json!(["https://app.example"])),
        "networks" => {
            ("Where it may be used from, in CIDR notation; empty for everywhere.", json!(["192.0.2.0/24"]))
        }
        "state" => ("What it is now.", json!("active")),
        "created_at" => ("When it was made.", json!(TIME)),
        "created_by" => ("Who made it.", json!("root")),
        "not_before" => ("Its beginning.", json!(TIME)),
        "expires_at" => ("The end, exclusive.", json!(LATER)),
        "last_used_at" => ("When it was used last.", json!(TIME)),
        "last_used_ip" => ("From which address it was used last.", json!("192.0.2.7")),
        "last_used_user_agent" => {
            ("By which program it was used last, in its own words.", json!("curl/8.14"))
        }
        "use_count" => ("How often it was used.", json!(7)),
        "key_and_secret" => ("Whether it has a key and a secret beside it.", json!(false)),
        "key_id" => ("The key that signed it.", json!(KID)),
        "generation" => ("Which credential of the record it is.", json!(1)),
        "previous_generation_until" => ("Until when the credential before it is accepted too.", json!(TIME)),
        "fingerprint" => (
            "The SHA-256 of the token, in hex.",
            json!("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ),
        _ => return None,
    })
}

fn of_requests(name: &str) -> Option<(&'static str, Value)> {
    Some(match name {
        "expires_in_days" => (
            "The end, counted from now. At most one of `expires_in_days`, `expires_at` and `never_expires`.",
            json!(30),
        ),
        "never_expires" => ("It has no end, if that is allowed.", json!(true)),
        "grace_seconds" => ("For how long the old credential is accepted too.", json!(3600)),
        "reason" => ("Why, for the audit log; at most 1000 characters.", json!("it was found in a log")),
        "action" => ("What is done to each.", json!("disable")),
        "ids" => ("The tokens.", json!([ID])),
        "ring" => ("What the keys sign; `access` unless told otherwise.", json!("access")),
        "subjects" => ("These subjects.", json!(["ExternalApp"])),
        "limit" => ("How many a page holds at most.", json!(50)),
        "cursor" => ("Where the page begins: the `next_cursor` of the one before.", json!("")),
        "sort" => ("The order; with `-` turned round.", json!("-created_at")),
        "expires_before" => ("Only those that end before.", json!(LATER)),
        "last_used_before" => ("Only those not used since.", json!(TIME)),
        "breaks_policy" => ("Only live ones that end later than is allowed now.", json!(true)),
        "actor" => ("Who: a subject, or the id of a token that has none.", json!("root")),
        "since" => ("Only what was done then or later.", json!(TIME)),
        "kid" => ("The name of the key, as in the headers of tokens.", json!(KID)),
        _ => return None,
    })
}

fn of_answers(name: &str) -> Option<(&'static str, Value)> {
    Some(match name {
        "items" => ("The page.", json!(null)),
        "next_cursor" => ("Where the next page begins; `null` on the last one.", json!(null)),
        "token" => ("The record.", json!(null)),
        "api_token" => ("The API token itself: keep it, it is in no other answer.", json!(TOKEN)),
        "key" => ("The key: the id of the record.", json!(ID)),
        "secret" => ("The secret: keep it, it is in no other answer.", json!("1.c2VjcmV0")),
        "access_token" => ("The access token, to be sent as `Authorization: Bearer`.", json!(TOKEN)),
        "token_type" => ("How it is sent.", json!("Bearer")),
        "expires_in" => ("Its lifetime in seconds.", json!(300)),
        "scope" => ("Scopes, separated by blanks.", json!("reports:read")),
        "token_id" => ("The id of the API token.", json!(ID)),
        "results" => ("One for each, in the order that they were sent.", json!(null)),
        "status" => ("The status.", json!(200)),
        "algorithm" => ("Its one algorithm.", json!("EdDSA")),
        "signs_from" => ("From when on it signs.", json!(TIME)),
        "retired_at" => ("Since when all that it signed is refused.", json!(TIME)),
        "time" => ("When.", json!(TIME)),
        "address" => ("From where.", json!("192.0.2.7")),
        "user_agent" => ("By which program, in its own words.", json!("curl/8.14")),
        "type" => ("Always `about:blank`: the code says what it is (RFC 9457 §4.2.1).", json!("about:blank")),
        "title" => ("The status in words.", json!("Bad Request")),
        "detail" => ("What it is, for people.", json!("/name is needed")),
        "code" => ("What it is, for programs: a stable word.", json!("invalid_request")),
        "errors" => ("Every field that is wrong.", json!(null)),
        "pointer" => ("Which field: a JSON pointer (RFC 6901).", json!("/name")),
        "keys" => ("The keys.", json!(null)),
        _ => return None,
    })
}

fn of_oauth(name: &str) -> Option<(&'static str, Value)> {
    Some(match name {
        "grant_type" => ("What an access token is asked for with.", json!("client_credentials")),
        "client_id" => ("The key.", json!(ID)),
        "client_secret" => ("The secret.", json!("1.c2VjcmV0")),
        "client_assertion_type" => {
            ("With `client_assertion`.", json!("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
        }
        "client_assertion" => ("A JWT that the secret signed (RFC 7523 §2.2).", json!(TOKEN)),
        "subject_token" => ("The API token, for a token exchange.", json!(TOKEN)),
        "subject_token_type" => ("What it is: a JWT.", json!("urn:ietf:params:oauth:token-type:jwt")),
        "requested_token_type" => {
            ("What is wanted: an access token.", json!("urn:ietf:params:oauth:token-type:access_token"))
        }
        "issued_token_type" => (
            "What was issued, after a token exchange.",
            json!("urn:ietf:params:oauth:token-type:access_token"),
        ),
        "actor_token" | "actor_token_type" => {
            ("There is no delegation: a request with it is refused.", json!(""))
        }
        "audience" => ("What the access token shall be for.", json!("https://app.example")),
        "token_type_hint" => ("Not needed: a token shows its kind itself.", json!("access_token")),
        "active" => ("Whether it is accepted. If it is not, nothing else is told.", json!(true)),
        "iss" => ("The issuer.", json!("https://app.example/auth")),
        "sub" => ("The user, or the client itself.", json!("alice")),
        "aud" => ("What it is for.", json!(["https://app.example"])),
        "jti" => ("The id of this one token.", json!("AQIDBAUGBwgJCgsMDQ4PEA")),
        "iat" => ("When it was issued, in seconds since 1970.", json!(1_793_534_400)),
        "exp" => ("When it ends, in seconds since 1970.", json!(1_793_534_700)),
        "error_description" => ("What it is, for people.", json!("a parameter is missing")),
        _ => return None,
    })
}

fn of_metadata(name: &str) -> Option<(&'static str, Value)> {
    let methods = || json!(["client_secret_basic", "client_secret_post", "client_secret_jwt"]);
    Some(match name {
        "issuer" => ("The issuer.", json!("https://app.example/auth")),
        "token_endpoint" => {
            ("Where access tokens are given out.", json!("https://app.example/auth/oauth2/token"))
        }
        "introspection_endpoint" => {
            ("Where a token is looked at.", json!("https://app.example/auth/oauth2/introspect"))
        }
        "revocation_endpoint" => ("Where a token is ended.", json!("https://app.example/auth/oauth2/revoke")),
        "jwks_uri" => ("Where the public keys are.", json!("https://app.example/auth/.well-known/jwks.json")),
        "grant_types_supported" => ("The grant types.", json!(["client_credentials"])),
        "response_types_supported" => ("There is no authorization endpoint.", json!(["none"])),
        "resource" => ("What access tokens are for.", json!("https://app.example")),
        "authorization_servers" => ("Who gives them out.", json!(["https://app.example/auth"])),
        "bearer_methods_supported" => ("How they are sent.", json!(["header"])),
        name if name.ends_with("_signing_alg_values_supported") => {
            ("What assertions are signed with.", json!(["HS256"]))
        }
        name if name.ends_with("_auth_methods_supported") => ("How a client authenticates.", methods()),
        _ => return None,
    })
}
