use std::time::Duration;

use http::HeaderMap;

/// Time for a call whose caller names none.
const DEFAULT: Duration = Duration::from_secs(5);
/// The most that a caller gets.
const CAP: Duration = Duration::from_secs(30);
/// The same for a call that sends a stream, whether or not its caller names a time: the stream has to come first, and
/// how long it may take is its service's matter.
const UPLOAD_CAP: Duration = Duration::from_hours(2);
/// tonic ends a call at the caller's deadline too, but as CANCELLED and without details; ours comes just before.
const MARGIN: Duration = Duration::from_millis(2);

/// How long a call may take, from its `grpc-timeout`. A header that does not parse counts as none, as in tonic.
pub(crate) fn time_allowed(headers: &HeaderMap, upload: bool) -> Duration {
    let (default, cap) = if upload { (UPLOAD_CAP, UPLOAD_CAP) } else { (DEFAULT, CAP) };
    let named = headers.get("grpc-timeout").and_then(|value| parse(value.to_str().ok()?));
    named.map_or(default, |timeout| timeout.min(cap).saturating_sub(MARGIN))
}

/// `TimeoutValue TimeoutUnit` of the gRPC protocol: 1 to 8 digits and one of H, M, S, m, u, n.
fn parse(text: &str) -> Option<Duration> {
    let (value, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if value.is_empty() || value.len() > 8 || !value.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = value.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_gets_what_it_names_up_to_the_cap_and_five_seconds_if_it_names_nothing() {
        let allowed = |text: &str| {
            let named = [(http::HeaderName::from_static("grpc-timeout"), text.parse().unwrap())];
            time_allowed(&HeaderMap::from_iter(named), false)
        };
        assert_eq!(time_allowed(&HeaderMap::new(), false), Duration::from_secs(5));
        assert_eq!(allowed("100m"), Duration::from_millis(98));
        assert_eq!(allowed("1u"), Duration::ZERO);
        assert_eq!(allowed("9H"), Duration::from_millis(29_998));
        for unreadable in ["", "m", "1", "123456789S", "-1S", "1s", "１S"] {
            let value = http::HeaderValue::from_bytes(unreadable.as_bytes()).unwrap();
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static("grpc-timeout"), value)]);
            assert_eq!(time_allowed(&headers, false), Duration::from_secs(5), "{unreadable}");
        }
    }

    #[test]
    fn a_stream_of_a_caller_gets_the_time_to_come() {
        assert_eq!(time_allowed(&HeaderMap::new(), true), UPLOAD_CAP);
        let minutes = HeaderMap::from_iter([("grpc-timeout", "10M")].map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
        }));
        assert_eq!(time_allowed(&minutes, true), Duration::from_millis(599_998));
    }
}
