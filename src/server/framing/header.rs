//! The header section of a message.

use super::{Fault, MOST_BODY_BYTES};

/// The most characters of a wrong value that an error repeats.
const MOST_SHOWN_CHARS: usize = 40;

/// The headers of one message, as far as they have come.
#[derive(Debug, Default)]
pub(super) struct Header {
    length: Option<u64>,
    /// The first thing that is wrong.
    fault: Option<Fault>,
}

/// A line that is no header.
#[derive(Debug)]
pub(super) struct NoHeader;

impl Header {
    /// Takes a line, without its end. Names are in any case, and unknown ones do not matter.
    pub fn line(&mut self, line: &[u8]) -> Result<(), NoHeader> {
        let colon = memchr::memchr(b':', line).ok_or(NoHeader)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.is_empty() || !name.iter().copied().all(is_name_byte) {
            return Err(NoHeader);
        }
        if name.eq_ignore_ascii_case(b"Content-Length") {
            self.length_line(value);
        } else if name.eq_ignore_ascii_case(b"Content-Type") {
            self.type_line(value);
        }
        Ok(())
    }

    /// Whether a length was said, and is a number.
    pub fn has_length(&self) -> bool {
        self.length.is_some()
    }

    /// The length of the body; or what is wrong, with the length if one was said.
    pub fn length(&self) -> Result<usize, (Fault, Option<u64>)> {
        if let Some(fault) = &self.fault {
            return Err((fault.clone(), self.length));
        }
        let length = self.length.ok_or((Fault::NoLength, None))?;
        match usize::try_from(length) {
            Ok(fitting) if length <= MOST_BODY_BYTES => Ok(fitting),
            _ => Err((Fault::TooLarge(length), Some(length))),
        }
    }

    fn length_line(&mut self, value: &[u8]) {
        let number = std::str::from_utf8(value)
            .ok()
            // `parse` takes a sign as well, which is none of the protocol's.
            .filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|value| value.parse::<u64>().ok());
        match (number, self.length) {
            (None, _) => self.wrong(Fault::NotALength(shown(value))),
            (Some(new), Some(old)) if new != old => self.wrong(Fault::TwoLengths(old, new)),
            (Some(new), _) => self.length = Some(new),
        }
    }

    fn type_line(&mut self, value: &[u8]) {
        let charset = value
            .split(|byte| *byte == b';')
            .skip(1)
            .find_map(|parameter| {
                let equals = memchr::memchr(b'=', parameter)?;
                parameter[..equals]
                    .trim_ascii()
                    .eq_ignore_ascii_case(b"charset")
                    .then(|| parameter[equals + 1..].trim_ascii())
            });
        let Some(charset) = charset else { return };
        let charset = charset.strip_prefix(b"\"").unwrap_or(charset);
        let charset = charset.strip_suffix(b"\"").unwrap_or(charset);
        // `utf8` is what the protocol itself said once.
        if !charset.eq_ignore_ascii_case(b"utf-8") && !charset.eq_ignore_ascii_case(b"utf8") {
            self.wrong(Fault::Charset(shown(charset)));
        }
    }

    fn wrong(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

/// The bytes of a header's name.
///
/// Source: RFC 9110, 5.6.2, "Tokens", which LSP refers to by way of RFC 7230.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A wrong value for an error: cut, and without control characters.
fn shown(value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    let cut: String = value.chars().take(MOST_SHOWN_CHARS).collect();
    format!("{cut:?}")
}
