use toml::{Table, Value};

/// What stands in place of a text that may be a secret.
const MASK: &str = "***";

/// Endings of key names whose texts are shown. Everything else is masked, so a secret cannot leak by a name that
/// nobody thought of; the worst of a missing ending is a mask too many.
const SHOWN: [&str; 26] = [
    "audience",
    "brokers",
    "bucket",
    "collection",
    "dir",
    "endpoint",
    "environment",
    "file",
    "group",
    "host",
    "hosts",
    "issuer",
    "jwks",
    "level",
    "listen",
    "log",
    "mode",
    "name",
    "path",
    "prefix",
    "provider",
    "region",
    "servers",
    "topic",
    "url",
    "zone",
];

/// The configuration in force as TOML, with every text masked that may be a secret.
///
/// Shown are: numbers and switches; texts equal to the built-in default, which is public; texts under a key of
/// a known harmless name that hold no credential. Of a URL with user, password or query only scheme, host and path are shown.
pub fn effective(tree: &Table, defaults: &Table) -> Result<String, toml::ser::Error> {
    toml::to_string(&masked_table(tree, defaults))
}

fn masked_table(tree: &Table, defaults: &Table) -> Table {
    tree.iter().map(|(name, value)| (name.clone(), masked(name, value, defaults.get(name)))).collect()
}

fn masked(name: &str, value: &Value, default: Option<&Value>) -> Value {
    match value {
        Value::Table(table) => match default {
            Some(Value::Table(defaults)) => Value::Table(masked_table(table, defaults)),
            _ => Value::Table(masked_table(table, &Table::new())),
        },
        same if Some(same) == default => same.clone(),
        Value::String(text) => Value::String(shown(name, text)),
        Value::Array(items) => Value::Array(items.iter().map(|item| masked(name, item, None)).collect()),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => value.clone(),
    }
}

fn shown(name: &str, text: &str) -> String {
    if !SHOWN.iter().any(|ending| name.ends_with(ending)) {
        return MASK.to_owned();
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        // What follows the last `@` is host and path, whatever signs a password has.
        let (user, address) = rest.rsplit_once('@').map_or(("", rest), |(_, address)| (MASK, address));
        let (address, query) =
            address.split_once(['?', '#']).map_or((address, ""), |(address, _)| (address, MASK));
        let at = if user.is_empty() { "" } else { "@" };
        let mark = if query.is_empty() { "" } else { "?" };
        return format!("{scheme}://{user}{at}{address}{mark}{query}");
    }
    // Keyword forms (`host=… password=…`) and anything with a user part.
    if text.contains(['=', '@', '\n']) && !name.ends_with("log") { MASK.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(effective_toml: &str, default_toml: &str) -> String {
        effective(&effective_toml.parse().unwrap(), &default_toml.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_text_is_masked_unless_it_is_the_default_or_harmless_by_name_and_form() {
        let default = "[a]\nurl = 'postgres://localhost/a'\npepper = ''\nlisten = ''\ntimeout_ms = 5\nlist = []\nmode = 'x'";
        let given = "[a]\nurl = 'postgres://app:hun@ter2@db.example/a?sslpassword=hunter2'\npepper = 'hunter2'\n\
                     listen = '0.0.0.0:1'\ntimeout_ms = 7\nlist = ['hunter2']\nmode = 'x'";
        let text = printed(given, default);
        assert!(!text.contains("hunter2") && !text.contains("hun") && !text.contains("app"), "{text}");
        for shown in ["postgres://***@db.example/a?***", "0.0.0.0:1", "timeout_ms = 7", "mode = \"x\""] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
    }

    #[test]
    fn a_credential_under_a_harmless_name_is_masked_by_its_form() {
        for given in ["host=db password=hunter2", "-----BEGIN KEY-----\nhunter2", "app:hunter2@db"] {
            let tree = Table::from_iter([("host".to_owned(), Value::String(given.to_owned()))]);
            let text = effective(&tree, &Table::new()).unwrap();
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
