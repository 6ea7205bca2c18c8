//! What tells an example from a secret.

/// What examples have in them. No random token has more than the shortest of these by chance.
const MARKS: [&str; 16] = [
    "example",
    "placeholder",
    "redacted",
    "changeme",
    "replace",
    "dummy",
    "sample",
    "secret",
    "password",
    "yourtoken",
    "your_",
    "your-",
    "xxxx",
    "1234567890",
    "abcdefgh",
    "0123456789",
];

/// Bits a character below which a value is no random one. Random hexadecimal digits come to nearly 4 bits,
/// of a short value to about 3.2.
const LEAST_BITS: f64 = 2.9;

/// Whether the random part of a token is too regular to be one.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    MARKS.iter().any(|mark| lower.contains(mark)) || entropy(value) < LEAST_BITS
}

/// Shannon's entropy of the bytes, in bits a byte.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    counts
        .into_iter()
        .filter(|count| *count > 0)
        .map(|count| f64::from(count) / length)
        .map(|share| -share * share.log2())
        .sum()
}
