//! A party that does not answer in time.
