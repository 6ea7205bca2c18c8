//! By what a text is known: its SHA-256, from the library that TLS brings along.

use std::fmt::Write as _;

/// The digest of some bytes.
#[must_use]
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> impl AsRef<[u8]> {
    ring::digest::digest(&ring::digest::SHA256, bytes.as_ref())
}

/// The digest of some bytes, in hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(sha256(bytes).as_ref())
}

/// Bytes in hexadecimal.
#[must_use]
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stores hold digests of earlier versions.
    #[rstest::rstest]
    #[case("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    #[case(
        "abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )]
    fn a_digest_is_what_it_has_always_been(#[case] text: &str, #[case] digest: &str) {
        assert_eq!(sha256_hex(text), digest);
        assert_eq!(hex(&sha256(text).as_ref()[..8]), digest[..16]);
    }
}
