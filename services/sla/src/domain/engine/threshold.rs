//! Thresholds of day clocks (D10).

use jiff::Timestamp;
use jiff::civil::Date;

use super::days::DayClock;
use super::looked::Looked;
use crate::domain::calendar::BeyondHorizon;

/// When `percent` (1 to 99) of `amount` days is used up: with q = percent · amount / 100 and k = ⌈q⌉, in the k-th counted
/// day at the fraction q − (k − 1) of that day's own counted time.
pub(super) fn of_days(
    clock: &DayClock<'_>,
    amount: i64,
    percent: u8,
) -> Result<Option<Timestamp>, BeyondHorizon> {
    let hundredths = i64::from(percent) * amount;
    let number = (hundredths + 99) / 100;
    let in_day = hundredths - (number - 1) * 100;
    let day = clock.count(number, &mut Looked::new(clock.calendar()), &mut ())?;
    day.map(|day| within_day(clock, day, in_day)).transpose()
}

/// When `hundredths` (1 to 100) of the day's counted time have passed, paused time skipped, at the latest its closing.
fn within_day(clock: &DayClock<'_>, day: Date, hundredths: i64) -> Result<Timestamp, BeyondHorizon> {
    let closing = clock.closing(day)?;
    let mut total = 0;
    for span in clock.counted_time(day) {
        total += span?.milliseconds();
    }
    // Rounded up to a millisecond.
    let mut left = (total * hundredths + 99) / 100;
    for span in clock.counted_time(day) {
        for piece in clock.pauses().pieces(span?).filter(|piece| !piece.paused) {
            let runs = piece.span.milliseconds();
            if left <= runs {
                let at = piece.span.from.as_millisecond() + left;
                return Timestamp::from_millisecond(at).map_err(|_| BeyondHorizon);
            }
            left -= runs;
        }
    }
    Ok(closing)
}
