use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use thiserror::Error;

use crate::ComplaintId;

/// Crockford's alphabet: no I, L, O, U, so that a number read over the phone is not misheard or misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of the code: 11 × 5 = 55 bits of the id.
const CODE_LEN: usize = 11;

/// The number people use for a complaint: `20261125-7K3M9XQ2VT0-R`.
///
/// Eight digits of the day of receipt, eleven characters from 55 bits of the id, one check character over all of them.
/// The check character finds every single wrong character and every swap of two neighbours. Reading takes lower case,
/// missing dashes, and the usual slips (`O` for `0`, `I` or `L` for `1`).
///
/// The code alone identifies: a retry after midnight, made while nothing remembers the first attempt, carries another
/// day before the same code, and still finds the complaint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ComplaintNo {
    day: Date,
    code: [u8; CODE_LEN],
}

/// Why a text is no complaint number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ComplaintNoError {
    /// Wrong length or a character outside the alphabet.
    #[error("a complaint number has eight digits, eleven characters and a check character")]
    Form,
    /// The first eight digits are no day.
    #[error("a complaint number begins with a day")]
    Day,
    /// The check character does not fit: something was mistyped.
    #[error("the check character does not fit; please check the number")]
    Check,
}

impl ComplaintNo {
    /// The number of `id`, received on `day` (in the tenant's zone).
    pub fn new(day: Date, id: &ComplaintId) -> Self {
        // The low 62 bits of a UUID are free of version and variant.
        let mut bits = id.as_uuid().as_u128() & ((1 << 55) - 1);
        let mut code = [0; CODE_LEN];
        for slot in code.iter_mut().rev() {
            *slot = (bits & 31) as u8;
            bits >>= 5;
        }
        Self { day, code }
    }

    /// The eleven characters that identify the complaint within its tenant, whatever the day before them.
    pub fn code(&self) -> String {
        self.code.iter().map(|&value| char::from(ALPHABET[usize::from(value)])).collect()
    }

    /// The day of receipt in the tenant's zone.
    pub fn day(&self) -> Date {
        self.day
    }

    /// Weighted sum modulo 37 over digits and code (all values below 32): weights 2, 3, … 20 differ from 0 and from
    /// their neighbours, and 37 is prime, so single errors and swaps of neighbours change it.
    fn check(&self) -> u8 {
        let day = self.digits();
        let sum: u32 =
            day.iter().chain(&self.code).zip(2_u32..).map(|(&value, weight)| u32::from(value) * weight).sum();
        (sum % 37) as u8
    }

    fn digits(&self) -> [u8; 8] {
        let mut number = u32::from(self.day.year().unsigned_abs()) * 10_000
            + u32::from(self.day.month().unsigned_abs()) * 100
            + u32::from(self.day.day().unsigned_abs());
        let mut digits = [0; 8];
        for slot in digits.iter_mut().rev() {
            *slot = (number % 10) as u8;
            number /= 10;
        }
        digits
    }
}

/// The 37 check characters: the alphabet and, as Crockford does, five signs more.
fn check_char(value: u8) -> char {
    match value {
        0..=31 => char::from(ALPHABET[usize::from(value)]),
        32 => '*',
        33 => '~',
        34 => '$',
        35 => '=',
        _ => 'U',
    }
}

fn value_of(character: u8) -> Option<u8> {
    let upper = match character.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.iter().position(|&a| a == upper).and_then(|at| u8::try_from(at).ok())
}

impl fmt::Display for ComplaintNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for digit in self.digits() {
            write!(f, "{digit}")?;
        }
        write!(f, "-{}-{}", self.code(), check_char(self.check()))
    }
}

impl FromStr for ComplaintNo {
    type Err = ComplaintNoError;
    fn from_str(text: &str) -> Result<Self, ComplaintNoError> {
        let plain: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'-' | b' ')).collect();
        if plain.len() != 8 + CODE_LEN + 1 {
            return Err(ComplaintNoError::Form);
        }
        let digit = |at: usize| value_of(plain[at]).filter(|v| *v < 10).ok_or(ComplaintNoError::Form);
        let mut number = 0_u32;
        for at in 0..8 {
            number = number * 10 + u32::from(digit(at)?);
        }
        let part = |value: u32| i8::try_from(value % 100).map_err(|_| ComplaintNoError::Day);
        let year = i16::try_from(number / 10_000).map_err(|_| ComplaintNoError::Day)?;
        let day = Date::new(year, part(number / 100)?, part(number)?).map_err(|_| ComplaintNoError::Day)?;
        let mut code = [0; CODE_LEN];
        for (slot, &character) in code.iter_mut().zip(&plain[8..]) {
            *slot = value_of(character).ok_or(ComplaintNoError::Form)?;
        }
        let number = Self { day, code };
        let given = char::from(plain[8 + CODE_LEN].to_ascii_uppercase());
        let given = value_of(given as u8).map_or(given, check_char);
        if check_char(number.check()) == given { Ok(number) } else { Err(ComplaintNoError::Check) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn any_number() -> impl Strategy<Value = ComplaintNo> {
        (any::<u128>(), 2020_i16..2100, 1_i8..=12, 1_i8..=28).prop_map(|(id, year, month, day)| {
            ComplaintNo::new(
                Date::new(year, month, day).unwrap(),
                &ComplaintId::from_uuid(Uuid::from_u128(id)),
            )
        })
    }

    proptest! {
        #[test]
        fn a_number_reads_back_also_in_lower_case_and_without_dashes(number in any_number()) {
            let text = number.to_string();
            prop_assert_eq!(text.parse::<ComplaintNo>().unwrap(), number.clone());
            let sloppy = text.to_lowercase().replace('-', "").replace('0', "o").replace('1', "l");
            prop_assert_eq!(sloppy.parse::<ComplaintNo>().unwrap(), number);
        }

        #[test]
        fn one_wrong_character_is_noticed(number in any_number(), at in 0_usize..19, other in 0_usize..32) {
            let mut plain: Vec<char> = number.to_string().chars().filter(|c| *c != '-').collect();
            let wrong = char::from(ALPHABET[if at < 8 { other % 10 } else { other }]);
            prop_assume!(plain[at] != wrong);
            plain[at] = wrong;
            prop_assert!(plain.into_iter().collect::<String>().parse::<ComplaintNo>().is_err());
        }

        #[test]
        fn two_swapped_neighbours_are_noticed(number in any_number(), at in 0_usize..18) {
            let mut plain: Vec<char> = number.to_string().chars().filter(|c| *c != '-').collect();
            prop_assume!(plain[at] != plain[at + 1]);
            plain.swap(at, at + 1);
            prop_assert!(plain.into_iter().collect::<String>().parse::<ComplaintNo>().is_err());
        }
    }

    #[test]
    fn the_code_is_independent_of_the_day() {
        let id = ComplaintId::from_uuid(Uuid::from_u128(0x0123_4567_89ab_8def_8123_4567_89ab_cdef));
        let first = ComplaintNo::new(Date::new(2026, 11, 25).unwrap(), &id);
        let later = ComplaintNo::new(Date::new(2026, 11, 26).unwrap(), &id);
        assert_eq!(first.code(), later.code());
        assert_ne!(first.to_string(), later.to_string());
        assert_eq!(first.to_string(), "20261125-8T5CY4TQKFF-T");
    }
}
