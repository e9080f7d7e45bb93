//! The metrics that the code emits, under the names that Prometheus sees.

use std::collections::BTreeSet;

/// Calls that make an instrument, and what its name ends with then.
const INSTRUMENTS: &[(&str, &[&str])] =
    &[("_counter(\"", &["_total"]), ("_gauge(\"", &[""]), ("_histogram(\"", &["_bucket", "_count", "_sum"])];
/// The runtime's own way to make a histogram of seconds.
const DURATION: &str = "duration(\"";
const HISTOGRAM: &[&str] = &["_bucket", "_count", "_sum"];

/// The names of the instruments of one source file, as the code has them.
pub(crate) fn instruments(source: &str) -> BTreeSet<String> {
    let text = on_one_line(source);
    let calls = INSTRUMENTS.iter().map(|(call, _)| *call).chain([DURATION]);
    calls.flat_map(|call| named(&text, call)).map(|(name, _)| name.to_owned()).collect()
}

/// Line ends are as nothing: rustfmt puts them anywhere.
fn on_one_line(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ").replace("( \"", "(\"")
}

/// The series that the instruments of one source file become.
pub(super) fn series(source: &str) -> BTreeSet<String> {
    let text = on_one_line(source);
    let mut found = BTreeSet::new();
    for (call, endings) in INSTRUMENTS {
        for (name, rest) in named(&text, call) {
            // A name may be far from its `.build()`, but the unit stands between.
            let until = rest.find(".build()").unwrap_or(rest.len().min(200));
            let seconds = rest.get(..until).is_some_and(|chain| chain.contains("with_unit(\"s\")"));
            add(&mut found, name, seconds, endings);
        }
    }
    for (name, _) in named(&text, DURATION) {
        add(&mut found, name, true, HISTOGRAM);
    }
    found
}

fn add(found: &mut BTreeSet<String>, name: &str, seconds: bool, endings: &[&str]) {
    let base = name.replace('.', "_");
    let unit = if seconds { "_seconds" } else { "" };
    found.extend(endings.iter().map(|ending| format!("{base}{unit}{ending}")));
}

/// The texts after each `call`, with what follows them.
fn named<'a>(text: &'a str, call: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    text.match_indices(call).filter_map(move |(at, _)| {
        let (name, rest) = text.get(at + call.len()..)?.split_once('"')?;
        // Names of instruments have parts; other functions with such ends take other texts.
        name.contains('.').then_some((name, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_gauges_and_histograms_get_the_ends_that_the_exporter_gives_them() {
        let source = "
            a: meter.u64_counter(\"x.calls\").build(),
            b: meter.f64_gauge(\n\"x.age\",\n)\n.with_unit(\"s\").build(),
            c: meter.i64_observable_gauge(\"x.lag\").with_callback(|o| o.observe(1, &[])).build(),
            d: duration(\"x.call.duration\", \"Words.\"),
            e: not_this(\"x.other\"),";
        let found: Vec<_> = series(source).into_iter().collect();
        assert_eq!(
            found,
            [
                "x_age_seconds",
                "x_call_duration_seconds_bucket",
                "x_call_duration_seconds_count",
                "x_call_duration_seconds_sum",
                "x_calls_total",
                "x_lag",
            ]
        );
    }
}
