//! Times in tables, and times as arguments.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use redress_proto::convert::{from_wire_time, to_wire_time};

/// In the caller's zone, to the second; empty for none.
pub(crate) fn time(wire: Option<&pbjson_types::Timestamp>, zone: &TimeZone) -> String {
    let instant = wire.and_then(|wire| from_wire_time(wire).ok());
    instant
        .map_or_else(String::new, |instant| instant.to_zoned(zone.clone()).strftime("%F %T %:z").to_string())
}

/// An instant in RFC 3339, as an argument.
pub(crate) fn instant(text: &str) -> Result<pbjson_types::Timestamp, String> {
    let instant: Timestamp =
        text.parse().map_err(|_| "a time is expected as in 2026-08-01T09:00:00+08:00".to_owned())?;
    Ok(to_wire_time(instant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_the_callers_zone_and_read_with_any_offset() {
        let wire = instant("2026-08-01T09:00:00+08:00").unwrap();
        assert_eq!(time(Some(&wire), &TimeZone::UTC), "2026-08-01 01:00:00 +00:00");
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(time(Some(&wire), &shanghai), "2026-08-01 09:00:00 +08:00");
        assert_eq!(time(None, &shanghai), "");
        assert!(instant("yesterday").is_err());
    }
}
