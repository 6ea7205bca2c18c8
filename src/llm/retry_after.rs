//! How long a provider wants to be left alone.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// More than this is taken as this: adding it to a clock must not overflow.
const MOST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The pause that the headers ask for: `retry-after-ms` first, then `retry-after` in seconds, whole
/// or not, or as an HTTP date. Nothing, a pause that is over, or nonsense is `None`; a pause of days
/// is passed on, since only the caller knows what is too long to wait for.
pub(super) fn pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    if let Some(millis) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return seconds(millis / 1000.0);
    }
    let value = text("retry-after")?;
    if let Ok(number) = value.parse::<f64>() {
        return seconds(number);
    }
    let until = httpdate::parse_http_date(value).ok()?;
    until
        .duration_since(now)
        .ok()
        .filter(|pause| !pause.is_zero())
        .map(|pause| pause.min(MOST))
}

/// A pause of so many seconds, if it is one.
pub(super) fn seconds(number: f64) -> Option<Duration> {
    if number.is_nan() || number <= 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(number).map_or(MOST, |pause| pause.min(MOST)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// 2026-11-22 16:00:00 UTC.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_363_200)
    }

    #[rstest]
    #[case::none(&[], None)]
    #[case::seconds(&[("retry-after", "20")], Some(20_000))]
    #[case::fraction(&[("retry-after", " 1.5 ")], Some(1_500))]
    #[case::millis_first(&[("retry-after", "20"), ("retry-after-ms", "250")], Some(250))]
    #[case::broken_millis(&[("retry-after", "20"), ("retry-after-ms", "soon")], Some(20_000))]
    #[case::date(&[("retry-after", "Sun, 22 Nov 2026 16:02:00 GMT")], Some(120_000))]
    #[case::past_date(&[("retry-after", "Sun, 22 Nov 2026 15:02:00 GMT")], None)]
    #[case::zero(&[("retry-after", "0")], None)]
    #[case::negative(&[("retry-after", "-1")], None)]
    #[case::nonsense(&[("retry-after", "later")], None)]
    #[case::not_a_number(&[("retry-after", "NaN")], None)]
    #[case::long(&[("retry-after", "604800")], Some(604_800_000))]
    #[case::absurd(&[("retry-after", "1e300")], Some(31_536_000_000))]
    fn the_pause_is_read(
        #[case] headers: &[(&'static str, &'static str)],
        #[case] millis: Option<u64>,
    ) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        assert_eq!(pause(&map, now()), millis.map(Duration::from_millis));
    }
}
