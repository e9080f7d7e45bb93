//! Looking at a notice before it is sent: is it whole, and how does it read.

use std::collections::BTreeMap;

use redress_domain::{PartyKind, Principal, Problem, Violation, Violations};
use redress_proto::notification::v1 as wire;

use super::Desk;
use super::wire::kind_asked;
use crate::domain::content::{Content, Faults};
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::locale::Locale;
use crate::domain::templates::Facts;
use crate::error::Error;

/// What stands in a preview for the complaint's own.
const NUMBER: &str = "20261125-00000000000-0";

/// Checks and renders; sends nothing and stores nothing.
#[derive(Clone)]
pub struct Preview {
    /// What every use needs.
    pub desk: Desk,
}

impl Preview {
    /// What is missing or malformed.
    pub fn validate(
        &self,
        request: wire::ValidateNoticeRequest,
    ) -> Result<wire::ValidateNoticeResponse, Error> {
        let mut found = Violations::default();
        let kind = kind_asked(request.kind(), &mut found).ok_or_else(|| Problem::invalid(found))?;
        let faults = Content::check(kind, request.fields.into_iter().collect()).err().unwrap_or_default();
        let malformed = faults.malformed.iter().map(|name| Violation::shown_name(name).to_owned()).collect();
        Ok(wire::ValidateNoticeResponse { missing: faults.missing, malformed })
    }

    /// The notice as it would read; examples stand in for what is not given.
    pub fn preview(
        &self,
        caller: &Principal,
        request: wire::PreviewNoticeRequest,
    ) -> Result<wire::PreviewNoticeResponse, Error> {
        let mut found = Violations::default();
        let kind = kind_asked(request.kind(), &mut found);
        let profile = self.desk.profiles.of(&caller.tenant);
        let locale = locale_asked(&request.locale, &mut found).unwrap_or(profile.locale);
        let Some(kind) = kind else { return Err(Problem::invalid(found).into()) };
        let mut fields: BTreeMap<String, String> = request.fields.into_iter().collect();
        for field in kind.fields() {
            if let Some(example) = self.desk.templates.example(locale, field.name) {
                fields.entry(field.name.to_owned()).or_insert_with(|| example.to_owned());
            }
        }
        let content = match Content::check(kind, fields) {
            Ok(content) => content,
            Err(faults) => {
                tell(&faults, &mut found);
                return Err(Problem::invalid(found).into());
            }
        };
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        let now = self.desk.now();
        let (role, party) = match kind {
            NoticeKind::Respondent => (Role::Respondent, PartyKind::Merchant),
            kind if kind.is_internal() => (Role::Staff, PartyKind::Platform),
            _ => (Role::Complainant, PartyKind::Consumer),
        };
        let letter = self.desk.templates.write(&Facts {
            kind,
            locale,
            content: &content,
            role,
            party,
            name: "",
            complaint_no: NUMBER,
            received_at: now,
            queued_at: now,
            profile,
        })?;
        Ok(wire::PreviewNoticeResponse {
            subject: letter.subject,
            body: letter.body,
            plain: letter.plain,
            template: self.desk.templates.version(kind, locale),
        })
    }
}

/// The language of a request; none if it was not told.
pub(super) fn locale_asked(tag: &str, found: &mut Violations) -> Option<Locale> {
    if tag.is_empty() {
        return None;
    }
    let locale = Locale::of_tag(tag);
    if locale.is_none() {
        found.add("locale", "UNSUPPORTED", "letters are written in zh-Hans, zh-Hant and en");
    }
    locale
}

/// Notes what is wrong with fields; names only, for values may be personal.
pub(super) fn tell(faults: &Faults, found: &mut Violations) {
    for name in &faults.missing {
        found.add(format!("fields.{name}"), "REQUIRED", "the field is mandatory for this kind of notice");
    }
    for name in &faults.malformed {
        let name = Violation::shown_name(name);
        found.add(format!("fields.{name}"), "MALFORMED", "the field is unknown or does not have its form");
    }
}
