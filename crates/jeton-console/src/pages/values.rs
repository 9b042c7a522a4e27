//! What somebody typed about a token: kept as it was typed, so that nothing is lost when it cannot be taken.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use jeton::{Edit, Expiry, FieldError, Generate, Kind, Names, Record};

use crate::{
    Texts,
    form::Form,
    texts::fill,
    time::{date, end_of, start_of},
};

/// The fields of the form, as texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) kind: String,
    pub(crate) user: String,
    pub(crate) tenant: String,
    pub(crate) groups: String,
    pub(crate) roles: Names,
    pub(crate) roles_more: String,
    pub(crate) scopes: Names,
    pub(crate) scopes_more: String,
    pub(crate) audiences: Names,
    pub(crate) networks: String,
    pub(crate) begins: String,
    /// Days, `date`, `never` or `keep`.
    pub(crate) expires: String,
    pub(crate) expires_on: String,
    pub(crate) key_and_secret: bool,
    /// The version that is being edited.
    pub(crate) version: String,
}

/// What is wrong, by field; what belongs to none stands at "".
pub(crate) type Errors = BTreeMap<&'static str, Vec<String>>;

impl Values {
    pub(crate) fn of(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        let names = |name| form.all(name).filter(|text| !text.is_empty()).map(str::to_owned).collect();
        Self {
            name: text("name"),
            description: text("description").replace("\r\n", "\n"),
            kind: text("kind"),
            user: text("user"),
            tenant: text("tenant"),
            groups: text("groups"),
            roles: names("roles"),
            roles_more: text("roles_more"),
            scopes: names("scopes"),
            scopes_more: text("scopes_more"),
            audiences: names("audiences"),
            networks: text("networks"),
            begins: text("begins"),
            expires: form.filled("expires").unwrap_or_else(|| "30".to_owned()),
            expires_on: text("expires_on"),
            key_and_secret: form.has("key_and_secret"),
            version: text("version"),
        }
    }

    /// Those of a record: for another one like it, or to change it.
    pub(crate) fn of_record(record: &Record) -> Self {
        let grant = &record.grant;
        let networks: Vec<_> = grant.networks.iter().map(ToString::to_string).collect();
        Self {
            name: record.name.clone(),
            description: record.description.clone(),
            kind: record.kind.as_str().to_owned(),
            user: grant.subject.clone().unwrap_or_default(),
            tenant: grant.tenant.clone().unwrap_or_default(),
            groups: lines(&grant.groups),
            roles: grant.roles.clone(),
            scopes: grant.scopes.clone(),
            audiences: grant.audiences.clone(),
            networks: networks.join("\n"),
            expires: "keep".to_owned(),
            expires_on: grant.expires_at.map(date).unwrap_or_default(),
            key_and_secret: record.has_secret,
            version: record.version.to_string(),
            ..Self::default()
        }
    }

    /// What cannot be ticked is written out instead.
    pub(crate) fn sort_out(&mut self, roles: &Names, scopes: &Names) {
        for (ticked, more, known) in [
            (&mut self.roles, &mut self.roles_more, roles),
            (&mut self.scopes, &mut self.scopes_more, scopes),
        ] {
            let strange: Names = ticked.difference(known).cloned().collect();
            ticked.retain(|name| known.contains(name));
            if !strange.is_empty() {
                let all = names(more).union(&strange).cloned().collect();
                *more = lines(&all);
            }
        }
    }

    pub(crate) fn generate(&self, t: &Texts) -> Result<Generate, Errors> {
        let mut errors = Errors::new();
        let mut request = Generate::new(self.name.as_str());
        request.description.clone_from(&self.description);
        request.kind = Kind::parse(&self.kind).unwrap_or(Kind::Service);
        request.subject = filled(&self.user);
        request.tenant = filled(&self.tenant);
        request.groups = names(&self.groups);
        request.roles = both(&self.roles, &self.roles_more);
        request.scopes = both(&self.scopes, &self.scopes_more);
        request.audiences.clone_from(&self.audiences);
        request.networks = self.networks(t, &mut errors);
        if !self.begins.is_empty() {
            request.not_before = start_of(&self.begins);
            if request.not_before.is_none() {
                errors.entry("begins").or_default().push(t.form_date_needed.to_owned());
            }
        }
        request.expiry = self.expiry(t, &mut errors).unwrap_or_default();
        request.key_and_secret = self.key_and_secret;
        if errors.is_empty() { Ok(request) } else { Err(errors) }
    }

    pub(crate) fn edit(&self, t: &Texts) -> Result<Edit, Errors> {
        let mut errors = Errors::new();
        let edit = Edit {
            name: Some(self.name.clone()),
            description: Some(self.description.clone()),
            subject: Some(filled(&self.user)),
            groups: Some(names(&self.groups)),
            roles: Some(both(&self.roles, &self.roles_more)),
            scopes: Some(both(&self.scopes, &self.scopes_more)),
            audiences: Some(self.audiences.clone()),
            networks: Some(self.networks(t, &mut errors)),
            expiry: self.expiry(t, &mut errors),
        };
        if errors.is_empty() { Ok(edit) } else { Err(errors) }
    }

    /// None to keep what is.
    pub(crate) fn expiry(&self, t: &Texts, errors: &mut Errors) -> Option<Expiry> {
        match self.expires.as_str() {
            "keep" => None,
            "never" => Some(Expiry::Never),
            "date" => {
                let end = end_of(&self.expires_on);
                if end.is_none() {
                    errors.entry("expires").or_default().push(t.form_date_needed.to_owned());
                }
                end.map(Expiry::At)
            }
            // What is no number is no number of days either.
            days => Some(Expiry::InDays(days.parse().unwrap_or_default())),
        }
    }

    fn networks(&self, t: &Texts, errors: &mut Errors) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for text in self.networks.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            match network.ok().filter(|network: &IpNet| network.trunc() == *network) {
                Some(network) => networks.push(network),
                None => {
                    let wrong = fill(t.form_network_wrong, &[("text", text)]);
                    errors.entry("networks").or_default().push(wrong);
                }
            }
        }
        networks
    }
}

/// The errors of the domain, at the fields of the form.
pub(crate) fn at_fields(found: &[FieldError]) -> Errors {
    let mut errors = Errors::new();
    for error in found {
        let pointer = error.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        let field = match pointer {
            "name" => "name",
            "description" => "description",
            "subject" => "user",
            "tenant" => "tenant",
            "groups" => "groups",
            "roles" => "roles_more",
            "scopes" => "scopes_more",
            "audiences" => "audiences",
            "networks" => "networks",
            "not_before" => "begins",
            "expires_at" | "expires_in_days" | "never_expires" => "expires",
            "grace_seconds" => "grace",
            "key_and_secret" => "key_and_secret",
            _ => "",
        };
        errors.entry(field).or_default().push(error.detail.clone());
    }
    errors
}

fn filled(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// One in a line.
fn names(text: &str) -> Names {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn lines(names: &Names) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}

fn both(ticked: &Names, more: &str) -> Names {
    ticked.union(&names(more)).cloned().collect()
}
