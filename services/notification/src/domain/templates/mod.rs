//! Letters from templates.
//!
//! A set of templates is taken as a whole or not at all: [`Templates::read`] tells everything that is wrong with it at
//! once. It is proved by writing every letter with its examples and looking for each mandatory value in what came out:
//! a template that names a field where no reader meets it does not pass.
//!
//! Refused: fields in the hands of templates (a template sees values only in the form a reader may see them, so that
//! none can forget the zone of a deadline), and HTML (a letter must read the same in a message box, a mail and a file).

mod check;
mod sources;

use std::collections::BTreeMap;

use jiff::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value};
use redress_domain::PartyKind;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::content::Content;
use super::kind::{NoticeKind, Role};
use super::letter::Letter;
use super::lexicon::Lexicon;
use super::locale::Locale;
use super::profile::Profile;
use super::vocabulary::Vocabulary;
pub use sources::{Sources, builtin, path};

/// Who trades on the platform, and itself: the operators of the E-Commerce Law, who keep records of what was sold (L20).
const OPERATORS: [PartyKind; 3] = [PartyKind::Merchant, PartyKind::LiveRoomOperator, PartyKind::Platform];

/// A whole set of templates.
pub struct Templates {
    environment: Environment<'static>,
    tongues: BTreeMap<Locale, Tongue>,
}

/// What belongs to one language.
struct Tongue {
    lexicon: Lexicon,
    examples: BTreeMap<String, String>,
    /// Hash of the files that all its letters share.
    digest: Sha256,
}

/// What a letter is written from.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The kind.
    pub kind: NoticeKind,
    /// The language.
    pub locale: Locale,
    /// The fields.
    pub content: &'a Content,
    /// To whom.
    pub role: Role,
    /// What the addressee is.
    pub party: PartyKind,
    /// The addressee's name; empty if unknown.
    pub name: &'a str,
    /// The complaint's number.
    pub complaint_no: &'a str,
    /// When the complaint was received.
    pub received_at: Timestamp,
    /// When the letter was queued.
    pub queued_at: Timestamp,
    /// In whose name, and in which zone.
    pub profile: &'a Profile,
}

/// A letter that could not be written although its template was proved: a defect of the template.
#[derive(Debug, Error)]
#[error("template {template} fails in line {line}")]
pub struct Unwritable {
    template: String,
    line: usize,
}

impl Templates {
    /// Reads and proves a set; all problems are told at once, each with its file and, where there is one, its line.
    pub fn read(sources: &Sources) -> Result<Self, Vec<String>> {
        let (templates, mut problems) = Self::compile(sources);
        if problems.is_empty() {
            problems = check::problems(&templates);
        }
        if problems.is_empty() { Ok(templates) } else { Err(problems) }
    }

    /// Compiles what can be compiled.
    fn compile(sources: &Sources) -> (Self, Vec<String>) {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // A tag on a line of its own leaves no line behind.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        if let Ok(syntax) = syntax {
            environment.set_syntax(syntax);
        }
        let mut problems = Vec::new();
        let mut tongues = BTreeMap::new();
        for path in Sources::paths() {
            match sources.text(&path) {
                None => problems.push(format!("{path}: is missing")),
                Some(_) if path.rsplit_once('.').is_some_and(|(_, kind)| kind == "toml") => {}
                Some(text) => {
                    if let Err(error) = environment.add_template_owned(path.clone(), text.to_owned()) {
                        problems.push(told(&path, &error));
                    }
                }
            }
        }
        for &locale in Locale::ALL {
            match tongue(sources, locale) {
                Ok(tongue) => drop(tongues.insert(locale, tongue)),
                Err(found) => problems.extend(found),
            }
        }
        (Self { environment, tongues }, problems)
    }

    /// Writes a letter.
    pub fn write(&self, facts: &Facts<'_>) -> Result<Letter, Unwritable> {
        let template = path(facts.kind, facts.locale);
        self.letter(facts).map_err(|error| Unwritable { template, line: error.line().unwrap_or_default() })
    }

    fn letter(&self, facts: &Facts<'_>) -> Result<Letter, minijinja::Error> {
        let template = self.environment.get_template(&path(facts.kind, facts.locale))?;
        let mut written = template.render_captured(self.values(facts))?;
        let body = written.output().trim().to_owned();
        let mut block = |name: &str| {
            written.with_state_mut(|state| state.render_block(name)).map(|text| text.trim().to_owned())
        };
        // A subject is one line, whatever a template or a value brings.
        let subject = block("subject")?.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Letter { subject, plain: block("plain")?, body })
    }

    /// Everything that a template may name. What was not given and is not mandatory is empty, so that templates ask
    /// `if product` and never whether it is there.
    fn values(&self, facts: &Facts<'_>) -> Value {
        let Some(tongue) = self.tongues.get(&facts.locale) else { return Value::UNDEFINED };
        let (lexicon, zone) = (&tongue.lexicon, &facts.profile.zone);
        let voice = facts.profile.voice(facts.locale);
        let mut values: BTreeMap<&str, Value> = BTreeMap::new();
        for field in facts.kind.fields() {
            let presented = match facts.content.get(field.name) {
                Some(text) => field.form.present(text, lexicon, zone),
                None => field.form.absent(),
            };
            values.insert(field.name, presented.into());
        }
        values.insert("role", facts.role.code().into());
        values.insert(
            "party",
            lexicon.phrase(Vocabulary::Party, facts.party.code()).unwrap_or_default().into(),
        );
        values.insert("name", facts.name.trim().into());
        values.insert("complaint_no", facts.complaint_no.into());
        values.insert("received_at", lexicon.instant(facts.received_at, zone).into());
        values.insert("issued_on", lexicon.day(facts.queued_at, zone).into());
        values.insert("sender", voice.map_or("", |voice| &voice.sender).into());
        values.insert("contact", voice.map_or("", |voice| &voice.contact).into());
        let routes = lexicon.routes(facts.party);
        values.insert("routes", Value::from(routes.ways.clone()));
        values.insert("routes_basis", routes.basis.as_str().into());
        // Whose law it is: a consumer's rights, and the duties of who trades (L20, 62).
        values.insert("consumer", (facts.party == PartyKind::Consumer).into());
        values.insert("operator", OPERATORS.contains(&facts.party).into());
        Value::from(values)
    }

    /// Template and version, as a notice keeps it: `n01_receipt/zh-Hans@` and twelve hexadecimal digits.
    pub fn version(&self, kind: NoticeKind, locale: Locale) -> String {
        let source = self.environment.get_template(&path(kind, locale)).map(|t| t.source().to_owned());
        let mut digest = self.tongues.get(&locale).map(|tongue| tongue.digest.clone()).unwrap_or_default();
        digest.update(source.unwrap_or_default());
        format!("{kind}/{locale}@{}", &hex::encode(digest.finalize())[..12])
    }

    /// The words of a language.
    pub fn lexicon(&self, locale: Locale) -> Option<&Lexicon> {
        self.tongues.get(&locale).map(|tongue| &tongue.lexicon)
    }

    /// An example for a field, for previews.
    pub fn example(&self, locale: Locale, field: &str) -> Option<&str> {
        self.tongues.get(&locale)?.examples.get(field).map(String::as_str)
    }
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Templates(..)")
    }
}

fn tongue(sources: &Sources, locale: Locale) -> Result<Tongue, Vec<String>> {
    let shared = |name: &str| {
        let path = format!("{locale}/{name}");
        sources.text(&path).map(|text| (path, text))
    };
    // What is missing was told before.
    let (Some((lexicon_path, lexicon)), Some((examples_path, examples)), Some((_, layout))) =
        (shared("lexicon.toml"), shared("examples.toml"), shared("letter.jinja"))
    else {
        return Err(Vec::new());
    };
    let mut digest = Sha256::new();
    digest.update(lexicon);
    digest.update(layout);
    let lexicon = Lexicon::read(lexicon).map_err(|error| format!("{lexicon_path}: {error}"));
    let examples = toml::from_str(examples).map_err(|error| format!("{examples_path}: {error}"));
    match (lexicon, examples) {
        (Ok(lexicon), Ok(examples)) => Ok(Tongue { lexicon, examples, digest }),
        (lexicon, examples) => Err(lexicon.err().into_iter().chain(examples.err()).collect()),
    }
}

/// A template's error with its place. The library's text names what the template says, never a value.
fn told(path: &str, error: &minijinja::Error) -> String {
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{path}:{}: {}{detail}", error.line().unwrap_or_default(), error.kind())
}

#[cfg(test)]
mod citations;
#[cfg(test)]
mod tests;
