//! A guard in front of the decoding of server-sent events: nothing grows without bound, and an error
//! that a server writes into the stream without the framing is seen.

use super::plain_text;

/// The most bytes of one event. A chunk of a stream has hundreds; a response that is sent whole has
/// no more than this either.
pub(super) const MOST_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// The most bytes of a bare line that are kept.
const MOST_BARE_BYTES: usize = 64 * 1024;

/// The most first bytes that are kept: as many as a message shows.
const MOST_HEAD_BYTES: usize = 4 * plain_text::MOST_CHARS;

/// How a line begins that carries data.
const DATA: &[u8] = b"data";

/// What the guard stops a stream for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// An event is larger than [`MOST_EVENT_BYTES`].
    TooLong,
    /// A line of JSON that is no field of an event, as servers write it when they fail in mid-stream.
    /// Server-sent events know no such line and would pass over it.
    BareJson(String),
    /// The stream has ended, and no line of it carried data. These are its first bytes.
    NoEvents(String),
}

/// Follows the lines of a stream.
#[derive(Debug, Default)]
pub(super) struct Guard {
    event_bytes: usize,
    line_bytes: usize,
    after_cr: bool,
    bare: Option<Vec<u8>>,
    head: Vec<u8>,
    data_bytes: usize,
    any_data: bool,
}

impl Guard {
    /// Takes the next bytes, and says after how many of them the stream is to stop, if it is.
    pub fn take(&mut self, bytes: &[u8]) -> Option<(usize, Stop)> {
        let room = MOST_HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        for (index, &byte) in bytes.iter().enumerate() {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    if let Some(stop) = self.line_end() {
                        return Some((index + 1, stop));
                    }
                }
                _ => self.byte(byte),
            }
            if self.event_bytes > MOST_EVENT_BYTES {
                return Some((index + 1, Stop::TooLong));
            }
        }
        None
    }

    /// Takes the end of the stream, which ends a line.
    pub fn end(&mut self) -> Option<Stop> {
        self.line_end().or_else(|| {
            let head = String::from_utf8_lossy(&self.head);
            (!self.any_data && !head.trim().is_empty()).then(|| Stop::NoEvents(head.into_owned()))
        })
    }

    fn byte(&mut self, byte: u8) {
        if self.line_bytes == 0 && byte == b'{' {
            self.bare = Some(Vec::new());
        }
        if let Some(bare) = self
            .bare
            .as_mut()
            .filter(|bare| bare.len() < MOST_BARE_BYTES)
        {
            bare.push(byte);
        }
        if self.line_bytes == self.data_bytes && DATA.get(self.data_bytes) == Some(&byte) {
            self.data_bytes += 1;
            self.any_data |= self.data_bytes == DATA.len();
        }
        self.line_bytes += 1;
        self.event_bytes += 1;
    }

    fn line_end(&mut self) -> Option<Stop> {
        if self.line_bytes == 0 {
            self.event_bytes = 0;
        }
        self.line_bytes = 0;
        self.data_bytes = 0;
        let line = self.bare.take()?;
        Some(Stop::BareJson(String::from_utf8_lossy(&line).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn events_one_after_another_may_be_longer_than_one_may_be() {
        let mut guard = Guard::default();
        let event = [vec![b'x'; MOST_EVENT_BYTES / 2], b"\r\n\r\n".to_vec()].concat();
        for _ in 0..3 {
            assert_eq!(guard.take(&event), None);
        }
        assert_eq!(
            guard.take(&vec![b'x'; MOST_EVENT_BYTES + 1]),
            Some((MOST_EVENT_BYTES + 1, Stop::TooLong))
        );
    }

    #[rstest]
    #[case::lf("data: {}\n\n{\"error\":1}\n")]
    #[case::cr("data: {}\r\r{\"error\":1}\r")]
    #[case::crlf("data: {}\r\n\r\n{\"error\":1}\r\n")]
    #[case::unfinished("data: {}\n\n{\"error\":1}")]
    fn a_bare_line_of_json_is_seen(#[case] text: &str) {
        for size in [1, 3, text.len()] {
            let mut guard = Guard::default();
            let stop = text
                .as_bytes()
                .chunks(size)
                .find_map(|bytes| guard.take(bytes).map(|(_, stop)| stop))
                .or_else(|| guard.end());
            assert_eq!(stop, Some(Stop::BareJson("{\"error\":1}".to_owned())));
        }
    }

    #[test]
    fn the_fields_of_events_are_not_bare() {
        let mut guard = Guard::default();
        assert_eq!(
            guard.take(b": {\nevent: x\ndata: {\"a\":1}\ndata:{}\n\n"),
            None
        );
        assert_eq!(guard.end(), None);
    }

    #[test]
    fn a_text_is_no_stream_of_events() {
        let mut guard = Guard::default();
        assert_eq!(guard.take(b"no healthy\nupstream da"), None);
        assert_eq!(guard.take(b"ta: x"), None);
        let text = "no healthy\nupstream data: x".to_owned();
        assert_eq!(guard.end(), Some(Stop::NoEvents(text)));
    }
}
