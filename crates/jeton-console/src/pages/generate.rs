//! Generating a token.

use askama::Template;
use http::StatusCode;
use jeton::{Caller, Choices, ManageError, Match, Names, RecordId, Timestamp, policy::Denial};
use jeton_http::Answer;

use super::{
    shown,
    values::{Errors, Values, at_fields},
};
use crate::{
    Texts,
    failure::{Failure, sentence, why},
    form::Form,
    frame::{Frame, html},
    page::Page,
    path::Area,
    texts::fill,
    time::{date, day, days},
};

/// Something to tick.
pub(crate) struct Choice {
    pub(crate) name: String,
    pub(crate) hint: String,
    pub(crate) ticked: bool,
}

/// An end to choose.
pub(crate) struct Preset {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) hint: String,
    /// The last day, for the sentence that the script keeps up to date.
    pub(crate) until: String,
    pub(crate) chosen: bool,
}

/// The fields of the form with all that can be chosen, and what is wrong with them.
pub(crate) struct Fields {
    pub(crate) v: Values,
    pub(crate) errors: Errors,
    pub(crate) roles: Vec<Choice>,
    pub(crate) scopes: Vec<Choice>,
    pub(crate) audiences: Vec<Choice>,
    pub(crate) users: Vec<Match>,
    pub(crate) presets: Vec<Preset>,
    pub(crate) default_role: String,
    /// Whether the visitor may name what is not in the lists.
    pub(crate) names_more: bool,
    pub(crate) names_tenant: bool,
    pub(crate) gives_pair: bool,
    /// One of the visitor's own.
    pub(crate) personal: bool,
    /// One that there is already.
    pub(crate) is_edit: bool,
    pub(crate) today: String,
    /// Where the picker finds users.
    pub(crate) users_at: String,
}

impl Fields {
    /// What a field is called.
    pub(crate) fn label(&self, t: &Texts, field: &str) -> &'static str {
        match field {
            "name" => t.form_name,
            "description" => t.form_description,
            "user" => t.form_user,
            "tenant" => t.form_tenant,
            "groups" => t.form_groups,
            "roles_more" => t.form_roles,
            "scopes_more" => t.form_scopes,
            "audiences" => t.form_audiences,
            "networks" => t.form_networks,
            "begins" => t.form_begins,
            "expires" => t.form_expires,
            _ => t.form_pair,
        }
    }
}

#[derive(Template)]
#[template(path = "generate.html")]
struct GeneratePage<'a> {
    f: Frame<'a>,
    form: Fields,
    action: String,
    back: String,
}

pub(crate) async fn respond(page: &Page<'_>, area: Area) -> Result<Answer, Failure> {
    let caller = page.caller(area)?;
    caller.require(jeton::rights::scopes::TOKENS_WRITE)?;
    let t = page.texts();
    if !page.takes_form() {
        let values = prefilled(page, &caller, area).await?;
        return show(page, &caller, area, StatusCode::OK, values, Errors::new()).await;
    }
    let values = Values::of(&page.form()?);
    let errors = match values.generate(t) {
        Err(errors) => errors,
        Ok(request) => match page.authority().generate(&caller, request).await {
            Ok(generated) => return Ok(shown::generated(page, area, &generated)),
            Err(error) => errors_of(error, page)?,
        },
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    show(page, &caller, area, status, values, errors).await
}

/// From the query, or like another token.
async fn prefilled(page: &Page<'_>, caller: &Caller, area: Area) -> Result<Values, Failure> {
    let query = Form::of_query(page.request);
    let mut values = Values::of(&query);
    let like = query.filled("from").and_then(|id| id.parse::<RecordId>().ok());
    if let Some(id) = like {
        let record = page.authority().find(caller, id).await?;
        values = Values::of_record(&record);
        values.name = fill(page.texts().copy_name, &[("name", &record.name)]);
        values.expires = "30".to_owned();
        values.expires_on.clear();
    } else if area == Area::Mine && !query.has("name") {
        values.name = fill(page.texts().account_name, &[("name", &caller.name())]);
    }
    Ok(values)
}

async fn show(
    page: &Page<'_>,
    caller: &Caller,
    area: Area,
    status: StatusCode,
    values: Values,
    errors: Errors,
) -> Result<Answer, Failure> {
    let form = fields(page, caller, area, values, errors, None).await?;
    let action = page.link(&format!("{}/new", area.path()));
    let f = Frame::new(page, page.texts().generate_title, area.path());
    Ok(html(status, &GeneratePage { f, form, action, back: page.link(area.path()) }))
}

/// `kept` is what the end is now, for a token that there is already.
pub(crate) async fn fields(
    page: &Page<'_>,
    caller: &Caller,
    area: Area,
    mut values: Values,
    errors: Errors,
    kept: Option<Option<Timestamp>>,
) -> Result<Fields, Failure> {
    let choices = page.authority().choices(caller);
    let personal = area == Area::Mine;
    values.sort_out(&choices.roles, &choices.scopes);
    let users = if personal { Vec::new() } else { page.authority().search_subjects(caller, "").await? };
    let audiences = if choices.audiences.len() > 1 { choices.audiences.clone() } else { Names::new() };
    Ok(Fields {
        roles: ticks(&choices.roles, &values.roles, |_| String::new()),
        scopes: ticks(&choices.scopes, &values.scopes, |scope| meaning(page, scope)),
        audiences: ticks(&audiences, &values.audiences, |_| String::new()),
        users,
        presets: presets(page, &values.expires, kept),
        names_more: choices.grant || !values.roles_more.is_empty() || !values.scopes_more.is_empty(),
        names_tenant: choices.grant && caller.tenant().is_none(),
        gives_pair: pair(&choices, kept.is_some()),
        default_role: choices.default_role,
        personal,
        is_edit: kept.is_some(),
        today: date(page.now()),
        users_at: page.link("/users"),
        v: values,
        errors,
    })
}

fn pair(choices: &Choices, is_edit: bool) -> bool {
    choices.key_and_secret && !is_edit
}

fn ticks(all: &Names, ticked: &Names, hint: impl Fn(&str) -> String) -> Vec<Choice> {
    let choice =
        |name: &String| Choice { name: name.clone(), hint: hint(name), ticked: ticked.contains(name) };
    all.iter().map(choice).collect()
}

/// What a scope means, if the app or the console knows.
fn meaning(page: &Page<'_>, scope: &str) -> String {
    use jeton::rights::scopes as s;
    let t = page.texts();
    let known = match scope {
        s::TOKENS_READ => t.scope_tokens_read,
        s::TOKENS_WRITE => t.scope_tokens_write,
        s::TOKENS_GRANT => t.scope_tokens_grant,
        s::TOKENS_AUDIT => t.scope_tokens_audit,
        s::TOKENS_REVEAL => t.scope_tokens_reveal,
        s::TOKENS_SELF => t.scope_tokens_self,
        s::AUDIENCES_WRITE => t.scope_audiences_write,
        s::KEYS_WRITE => t.scope_keys_write,
        _ => "",
    };
    page.console.scopes.get(scope).cloned().unwrap_or_else(|| known.to_owned())
}

pub(crate) fn presets(page: &Page<'_>, chosen: &str, kept: Option<Option<Timestamp>>) -> Vec<Preset> {
    let (t, now) = (page.texts(), page.now());
    let preset = |value: String, label: String, hint: String, until: String| Preset {
        chosen: value == chosen,
        value,
        label,
        hint,
        until,
    };
    let mut presets = Vec::new();
    if let Some(end) = kept {
        let (when, until) =
            end.map_or((t.never.to_owned(), "never".to_owned()), |end| (day(end, t), day(end, t)));
        let label = fill(t.form_keep, &[("when", &when)]);
        presets.push(preset("keep".to_owned(), label, String::new(), until));
    }
    for count in [7, 30, 60, 90, 365] {
        let until = day(now.saturating_add(days(count)), t);
        let count = count.to_string();
        let label = fill(t.form_days, &[("n", &count)]);
        presets.push(preset(count, label, fill(t.form_until, &[("date", &until)]), until));
    }
    presets.push(preset("date".to_owned(), t.form_custom.to_owned(), String::new(), String::new()));
    let hint = t.form_never_hint.to_owned();
    presets.push(preset("never".to_owned(), t.never.to_owned(), hint, "never".to_owned()));
    presets
}

/// What can be mended in the form; everything else is a page of its own.
pub(crate) fn errors_of(error: ManageError, page: &Page<'_>) -> Result<Errors, Failure> {
    let t = page.texts();
    Ok(match error {
        ManageError::Invalid(found) => at_fields(&found),
        ManageError::NameTaken => Errors::from([("name", vec![t.name_taken.to_owned()])]),
        ManageError::Stale => Errors::from([("", vec![t.form_changed.to_owned()])]),
        ManageError::Conflict(conflict) => Errors::from([("", vec![sentence(&conflict.to_string())])]),
        ManageError::Denied(denial) => {
            let held = matches!(&denial, Denial::Scope(_)).then(|| t.form_not_held.to_owned());
            let lines = held.into_iter().chain([why(&denial, page)]).collect();
            Errors::from([("", lines)])
        }
        ManageError::Stopped(text) => Errors::from([("", vec![t.error_stopped.to_owned(), text])]),
        other => return Err(other.into()),
    })
}
