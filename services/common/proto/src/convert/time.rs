use jiff::Timestamp;

use super::ConvertError;

/// The instant of a message.
pub fn from_wire_time(wire: &pbjson_types::Timestamp) -> Result<Timestamp, ConvertError> {
    if !(0..1_000_000_000).contains(&wire.nanos) {
        return Err(ConvertError::Time);
    }
    Timestamp::new(wire.seconds, wire.nanos).map_err(|_| ConvertError::Time)
}

/// The message of an instant.
pub fn to_wire_time(instant: Timestamp) -> pbjson_types::Timestamp {
    let nanos = instant.subsec_nanosecond();
    // A message counts its fraction forwards, jiff counts it towards zero.
    let (seconds, nanos) = if nanos < 0 {
        (instant.as_second() - 1, nanos + 1_000_000_000)
    } else {
        (instant.as_second(), nanos)
    };
    pbjson_types::Timestamp { seconds, nanos }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_instant_survives_the_wire(nanos in -1_000_000_000_000_000_000_i128..4_000_000_000_000_000_000) {
            let instant = Timestamp::from_nanosecond(nanos).unwrap();
            let wire = to_wire_time(instant);
            prop_assert!((0..1_000_000_000).contains(&wire.nanos));
            prop_assert_eq!(from_wire_time(&wire).unwrap(), instant);
        }
    }

    #[test]
    fn a_broken_fraction_is_refused() {
        let wire = pbjson_types::Timestamp { seconds: 0, nanos: -1 };
        assert_eq!(from_wire_time(&wire), Err(ConvertError::Time));
    }
}
