//! A guard in front of the decoding of server-sent events: nothing grows without bound, and an error
//! that a server writes into the stream without the framing is seen.

use super::plain_text;

/// The most bytes of one event. A chunk of a stream has hundreds; a response that is sent whole has
/// no more than this either.
pub(super) const MOST_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// The most bytes of a whole stream. A long answer with its reasoning has some ten megabytes, most
/// of which is framing; a stream that is longer than this never ends.
pub(super) const MOST_STREAM_BYTES: u64 = 512 * 1024 * 1024;

/// The most bytes of a bare line that are kept.
const MOST_BARE_BYTES: usize = 64 * 1024;

/// The most first bytes that are kept: more than a message shows, as a part of them may be a quotation of the
/// prompt, which is taken out.
const MOST_HEAD_BYTES: usize = 16 * plain_text::MOST_CHARS;

/// How a line begins that carries data.
const DATA: &[u8] = b"data";

/// What the guard stops a stream for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// An event is larger than [`MOST_EVENT_BYTES`].
    TooLong,
    /// The stream is longer than [`MOST_STREAM_BYTES`].
    Endless,
    /// A line of JSON that is no field of an event, as servers write it when they fail in mid-stream.
    /// Server-sent events know no such line and would pass over it.
    BareJson(String),
    /// The stream has ended, and no line of it carried data. These are its first bytes.
    NoEvents(String),
}

/// Follows the lines of a stream.
#[derive(Debug, Default)]
pub(super) struct Guard {
    stream_bytes: u64,
    event_bytes: usize,
    line_bytes: usize,
    after_cr: bool,
    bare: Option<Vec<u8>>,
    head: Vec<u8>,
    data_bytes: usize,
    any_data: bool,
}

impl Guard {
    /// Takes the next bytes up to the end of an event, or all of them: how many, and whether the
    /// stream is to stop there.
    pub fn take(&mut self, bytes: &[u8]) -> (usize, Option<Stop>) {
        let (count, stop) = self.scan(bytes);
        let room = MOST_HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..count.min(room)]);
        self.stream_bytes += count as u64;
        let endless = (self.stream_bytes > MOST_STREAM_BYTES).then_some(Stop::Endless);
        (count, stop.or(endless))
    }

    fn scan(&mut self, bytes: &[u8]) -> (usize, Option<Stop>) {
        let mut at = 0;
        while at < bytes.len() {
            let end =
                memchr::memchr2(b'\n', b'\r', &bytes[at..]).map_or(bytes.len(), |end| at + end);
            // One byte too many is seen, and none behind it.
            let room = MOST_EVENT_BYTES + 1 - self.event_bytes;
            let content = &bytes[at..end.min(at + room)];
            if !content.is_empty() {
                self.content(content);
                at += content.len();
            }
            if self.event_bytes > MOST_EVENT_BYTES {
                return (at, Some(Stop::TooLong));
            }
            let Some(&byte) = bytes.get(at) else { break };
            at += 1;
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            if byte == b'\n' && after_cr {
                continue;
            }
            let is_event_end = self.line_bytes == 0 && self.event_bytes > 0;
            let stop = self.line_end();
            if stop.is_some() || is_event_end {
                return (at, stop);
            }
        }
        (at, None)
    }

    /// Takes the end of the stream, which ends a line.
    pub fn end(&mut self) -> Option<Stop> {
        self.line_end().or_else(|| {
            let head = String::from_utf8_lossy(&self.head);
            (!self.any_data && !head.trim().is_empty()).then(|| Stop::NoEvents(head.into_owned()))
        })
    }

    /// Takes bytes of a line, none of them a line break and at least one.
    fn content(&mut self, bytes: &[u8]) {
        self.after_cr = false;
        if self.line_bytes == 0 && bytes[0] == b'{' {
            self.bare = Some(Vec::new());
        }
        if let Some(bare) = &mut self.bare {
            let room = MOST_BARE_BYTES - bare.len();
            bare.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        if self.line_bytes == self.data_bytes {
            let wanted = &DATA[self.data_bytes..];
            let same = wanted.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            self.data_bytes += same;
            self.any_data |= same > 0 && self.data_bytes == DATA.len();
        }
        self.line_bytes += bytes.len();
        self.event_bytes += bytes.len();
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
            assert_eq!(feed(&mut guard, &event), None);
        }
        assert_eq!(
            feed(&mut guard, &vec![b'x'; MOST_EVENT_BYTES + 1]),
            Some(Stop::TooLong)
        );
    }

    /// Takes all bytes, event by event, up to a stop.
    fn feed(guard: &mut Guard, mut bytes: &[u8]) -> Option<Stop> {
        while !bytes.is_empty() {
            let (count, stop) = guard.take(bytes);
            if stop.is_some() {
                return stop;
            }
            bytes = &bytes[count..];
        }
        None
    }

    #[rstest]
    #[case::lf("data: a\n\n", "data: b\n\n")]
    #[case::cr("data: a\r\r", "data: b\r\r")]
    #[case::crlf("data: a\r\n\r", "\ndata: b\r\n\r")]
    #[case::comment(": ping\n\n", "event: x\ndata: b\n\n")]
    #[case::blank_lines("data: a\n\n", "\n\ndata: b\n\n")]
    fn bytes_are_taken_up_to_the_end_of_an_event(#[case] first: &str, #[case] second: &str) {
        let text = format!("{first}{second}");
        let mut guard = Guard::default();
        assert_eq!(guard.take(text.as_bytes()), (first.len(), None));
        assert_eq!(guard.take(second.as_bytes()), (second.len(), None));
    }

    #[test]
    fn a_stream_without_end_is_stopped() {
        let mut guard = Guard::default();
        let keep_alive = b": ping\n\n".repeat(128 * 1024);
        let needed = MOST_STREAM_BYTES / keep_alive.len() as u64;
        guard.stream_bytes = (needed - 1) * keep_alive.len() as u64;
        assert_eq!(feed(&mut guard, &keep_alive), None);
        assert_eq!(feed(&mut guard, &keep_alive), Some(Stop::Endless));
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
                .find_map(|bytes| feed(&mut guard, bytes))
                .or_else(|| guard.end());
            assert_eq!(stop, Some(Stop::BareJson("{\"error\":1}".to_owned())));
        }
    }

    #[test]
    fn the_fields_of_events_are_not_bare() {
        let mut guard = Guard::default();
        assert_eq!(
            feed(&mut guard, b": {\nevent: x\ndata: {\"a\":1}\ndata:{}\n\n"),
            None
        );
        assert_eq!(guard.end(), None);
    }

    #[test]
    fn a_text_is_no_stream_of_events() {
        let mut guard = Guard::default();
        assert_eq!(feed(&mut guard, b"no healthy\nupstream da"), None);
        assert_eq!(feed(&mut guard, b"ta: x"), None);
        let text = "no healthy\nupstream data: x".to_owned();
        assert_eq!(guard.end(), Some(Stop::NoEvents(text)));
    }
}
