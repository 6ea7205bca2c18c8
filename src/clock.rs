//! The wall clock, in the unit of the store and the wire.

/// Milliseconds since the Unix epoch.
#[must_use]
pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
