use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Settings;

/// Environment variables beginning so are configuration: `REDRESS__RUNTIME__GRPC__LISTEN` is `runtime.grpc.listen`.
const PREFIX: &str = "REDRESS__";

/// The texts that a configuration is made of, lowest first.
#[derive(Debug, Clone)]
pub struct Layers {
    /// The embedded default.
    pub default: &'static str,
    /// The file's path and content.
    pub file: Option<(PathBuf, String)>,
    /// Variables with the prefix `REDRESS__`; others are ignored.
    pub environment: Vec<(String, String)>,
}

impl Layers {
    /// Reads the file and takes the environment of the process.
    pub fn read(default: &'static str, file: Option<&Path>) -> Result<Self, Problems> {
        let file = file
            .map(|path| match std::fs::read_to_string(path) {
                Ok(text) => Ok((path.to_owned(), text)),
                Err(error) => Err(Problems(vec![format!("{}: {error}", path.display())])),
            })
            .transpose()?;
        // Variables that are no Unicode cannot carry the prefix's keys.
        let environment = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect();
        Ok(Self { default, file, environment })
    }

    /// A default under `environment` and an issuer that does not exist, which no default names: for tests of what a
    /// service takes and refuses.
    pub fn trial(default: &'static str, environment: &[(&str, &str)]) -> Self {
        let issuer = [
            ("REDRESS__RUNTIME__AUTH__ISSUER", "https://issuer.invalid"),
            ("REDRESS__RUNTIME__AUTH__JWKS", "/etc/redress/jwks.json"),
        ];
        let environment = issuer.iter().chain(environment);
        let environment =
            environment.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { default, file: None, environment }
    }
}

/// A configuration in force.
#[derive(Debug)]
pub struct Loaded<C> {
    /// The typed form.
    pub config: C,
    /// All keys with their values in force.
    pub tree: Table,
    /// All keys with their built-in values.
    pub defaults: Table,
}

/// Everything that is wrong with a configuration, one sentence each. Carries no value of a text key.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration has {} problem(s):", self.0.len())?;
        self.0.iter().try_for_each(|problem| writeln!(f, "  - {problem}"))
    }
}

impl std::error::Error for Problems {}

/// One value that a layer puts over the default.
struct Override {
    key: Vec<String>,
    source: String,
    value: Value,
}

/// Puts the layers over each other and checks the result, telling all problems at once.
///
/// Each override is tried alone on the default, which is known to be right; so one wrong value hides no other.
pub fn load<C: Settings>(layers: &Layers) -> Result<Loaded<C>, Problems> {
    let defaults: Table =
        layers.default.parse().map_err(|error| Problems(vec![format!("built-in default: {error}")]))?;
    typed::<C>(defaults.clone()).map_err(|error| Problems(vec![format!("built-in default: {error}")]))?;

    let mut problems = Vec::new();
    let mut overrides = Vec::new();
    from_file(layers, &defaults, &mut overrides, &mut problems);
    from_environment(layers, &defaults, &mut overrides, &mut problems);

    let mut tree = defaults.clone();
    for Override { key, source, value } in overrides {
        let mut alone = defaults.clone();
        put(&mut alone, &key, value.clone());
        match typed::<C>(alone) {
            Ok(_) => put(&mut tree, &key, value),
            Err(error) => problems.push(format!("{} ({source}): {}", key.join("."), without(&value, error))),
        }
    }
    // What fits together is asked even if single keys are wrong: those stand at their defaults meanwhile.
    let config = typed::<C>(tree.clone()).map_err(|error| Problems(vec![error]))?;
    problems.extend(config.runtime().problems());
    problems.extend(config.problems());
    if problems.is_empty() { Ok(Loaded { config, tree, defaults }) } else { Err(Problems(problems)) }
}

fn typed<C: Settings>(tree: Table) -> Result<C, String> {
    Value::Table(tree).try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

/// A library's message about `value` without the value, which may be a secret in the wrong place. What was expected instead
/// comes from the code and is told.
fn without(value: &Value, message: String) -> String {
    let shows = |text: &&str| message.contains(*text) || message.contains(&text.escape_debug().to_string());
    let shows = texts(value).iter().any(shows);
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if shows => format!("must be {expected}"),
        None if shows => "does not fit".to_owned(),
        _ => message,
    }
}

/// The texts in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) if !text.is_empty() => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn put(tree: &mut Table, key: &[String], value: Value) {
    match key {
        [] => {}
        [last] => {
            tree.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            if let Some(Value::Table(section)) = tree.get_mut(first) {
                put(section, rest, value);
            }
        }
    }
}

fn from_file(layers: &Layers, defaults: &Table, overrides: &mut Vec<Override>, problems: &mut Vec<String>) {
    let Some((path, text)) = &layers.file else { return };
    let source = path.display().to_string();
    match text.parse::<Table>() {
        Ok(table) => {
            for (key, value) in leaves(&[], table) {
                match fitting(defaults, &key, &value) {
                    Ok(()) => overrides.push(Override { key, source: source.clone(), value }),
                    Err(problem) => problems.push(format!("{} ({source}): {problem}", key.join("."))),
                }
            }
        }
        Err(error) => {
            let line = error.span().map_or(0, |span| text[..span.start].lines().count().max(1));
            problems.push(format!("{source}, line {line}: {}", error.message()));
        }
    }
}

fn from_environment(
    layers: &Layers,
    defaults: &Table,
    overrides: &mut Vec<Override>,
    problems: &mut Vec<String>,
) {
    let mut variables: Vec<_> =
        layers.environment.iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    variables.sort();
    for (name, text) in variables {
        let key: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_lowercase).collect();
        let value = match at(defaults, &key) {
            None => Err("unknown key"),
            Some(default) => read_as(default, text),
        };
        match value {
            Ok(value) => overrides.push(Override { key, source: name.clone(), value }),
            Err(problem) => problems.push(format!("{} ({name}): {problem}", key.join("."))),
        }
    }
}

/// The value that `text` means where the default is `default`.
fn read_as(default: &Value, text: &str) -> Result<Value, &'static str> {
    match default {
        Value::String(_) => Ok(Value::String(text.to_owned())),
        Value::Integer(_) => text.parse().map(Value::Integer).map_err(|_| expected(default)),
        Value::Float(_) => text.parse().map(Value::Float).map_err(|_| expected(default)),
        Value::Boolean(_) => text.parse().map(Value::Boolean).map_err(|_| expected(default)),
        Value::Datetime(_) => text.parse().map(Value::Datetime).map_err(|_| expected(default)),
        Value::Array(_) if text.trim_start().starts_with('[') => {
            let mut table: Table = format!("list = {text}").parse().map_err(|_| expected(default))?;
            table.remove("list").ok_or_else(|| expected(default))
        }
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Value::Table(_) => Err(expected(default)),
    }
}

/// Whether `value` may stand at `key`. Told without the value, which may be a secret of a wrong kind.
fn fitting(defaults: &Table, key: &[String], value: &Value) -> Result<(), &'static str> {
    let default = at(defaults, key).ok_or("unknown key")?;
    if default.same_type(value) { Ok(()) } else { Err(expected(default)) }
}

fn expected(default: &Value) -> &'static str {
    match default {
        Value::String(_) => "must be text",
        Value::Integer(_) => "must be a whole number",
        Value::Float(_) => "must be a number with a decimal point",
        Value::Boolean(_) => "must be true or false",
        Value::Datetime(_) => "must be a date or time",
        Value::Array(_) => "must be a list",
        Value::Table(_) => "is a section, not a key",
    }
}

fn at<'a>(tree: &'a Table, key: &[String]) -> Option<&'a Value> {
    let (first, rest) = key.split_first()?;
    rest.iter().try_fold(tree.get(first)?, |value, part| value.as_table()?.get(part))
}

/// Every value that is no section, with its key. An empty section stands for nothing.
fn leaves(prefix: &[String], table: Table) -> Vec<(Vec<String>, Value)> {
    table
        .into_iter()
        .flat_map(|(name, value)| {
            let key = [prefix, &[name]].concat();
            match value {
                Value::Table(section) => leaves(&key, section),
                leaf => vec![(key, leaf)],
            }
        })
        .collect()
}
