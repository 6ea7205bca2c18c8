//! Instants and durations in words.

/// How long ago it was, in one unit. Instants are milliseconds since the Unix epoch.
#[must_use]
pub(super) fn ago(then: i64, now: i64) -> String {
    let seconds = (now - then).max(0) / 1000;
    match seconds {
        0..5 => "just now".to_owned(),
        5..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..172_800 => "1 day ago".to_owned(),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// When it will be, in one unit: for a hold that ends.
#[must_use]
pub(super) fn until(then: i64, now: i64) -> String {
    let seconds = ((then - now).max(0) + 999) / 1000;
    match seconds {
        0 => "now".to_owned(),
        1..90 => format!("in {seconds} s"),
        90..5_400 => format!("in {} min", (seconds + 30) / 60),
        _ => format!("in {} h", (seconds + 1_800) / 3_600),
    }
}

/// A duration of so many milliseconds.
#[must_use]
pub(super) fn lasted(milliseconds: i64) -> String {
    let milliseconds = milliseconds.max(0);
    if milliseconds < 60_000 {
        format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
    } else {
        format!(
            "{} min {} s",
            milliseconds / 60_000,
            milliseconds % 60_000 / 1000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(0, "just now")]
    #[case(-3, "just now")]
    #[case(59, "59 s ago")]
    #[case(200, "3 min ago")]
    #[case(7_200, "2 h ago")]
    #[case(90_000, "1 day ago")]
    #[case(864_000, "10 days ago")]
    fn the_past_is_told_in_one_unit(#[case] seconds: i64, #[case] words: &str) {
        assert_eq!(ago(1_000_000, 1_000_000 + seconds * 1000), words);
    }

    #[rstest::rstest]
    #[case(-1, "now")]
    #[case(30_000, "in 30 s")]
    #[case(29_001, "in 30 s")]
    #[case(600_000, "in 10 min")]
    #[case(7_200_000, "in 2 h")]
    fn the_future_is_told_in_one_unit(#[case] milliseconds: i64, #[case] words: &str) {
        assert_eq!(until(milliseconds, 0), words);
    }

    #[rstest::rstest]
    #[case(1_250, "1.2 s")]
    #[case(61_000, "1 min 1 s")]
    fn a_duration_is_short(#[case] milliseconds: i64, #[case] words: &str) {
        assert_eq!(lasted(milliseconds), words);
    }
}
