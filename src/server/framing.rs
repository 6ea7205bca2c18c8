//! The base protocol of LSP, read from a client that may send anything: bytes in, bodies and faults
//! out. Pure: no I/O, no clock.
//!
//! # What is refused
//!
//! A header section of more than [`MOST_HEADER_BYTES`], a line in it that is no header, a
//! `Content-Length` that is missing, no number, said twice differently or more than
//! [`MOST_BODY_BYTES`], a charset other than UTF-8. Nothing is allocated on the word of a header: a
//! body takes the room of the bytes that have come.
//!
//! # Resynchronisation
//!
//! After a fault the bytes up to the next *mark* are skipped: a whole line, or the end of one, that
//! reads `Content-Length: 123`, in any case. It is a mark also in the middle of a line, because the
//! header of a message comes right after the body before it; and also after a `}` in a body, because no
//! JSON text can contain that (a line break within a string is escaped, and no word outside of one
//! begins with a C). So a length that is too large costs the message that it was said of, and not
//! those after it.
//!
//! A body whose charset is unknown is passed over by its length. One that is too large is passed over
//! in search of a mark, as far as its length reaches when that may be true. Elsewhere
//! [`MOST_SKIPPED_BYTES`] without a body are the end: the stream is [`Frame::Lost`].
//!
//! Source: LSP 3.17, "Base Protocol", "Header Part".

mod header;
pub(super) mod message;
#[cfg(test)]
mod tests;

use header::Header;

/// The most bytes of one body. A buffer is sent in one piece when it is opened.
pub(super) const MOST_BODY_BYTES: u64 = 256 * MIB;

/// The most bytes of the header section of one message; editors send about thirty.
pub(super) const MOST_HEADER_BYTES: usize = 8 * 1024;

/// The most bytes that are skipped in search of the next message.
pub(super) const MOST_SKIPPED_BYTES: u64 = MIB;

/// The largest length that may be true: a body so large is passed over.
const MOST_TRUE_LENGTH: u64 = 4096 * MIB;

/// The longest line that is a mark. The largest length has 20 digits.
const MOST_MARK_BYTES: usize = 64;

/// How a mark begins.
const MARK: &[u8] = b"content-length:";

const MIB: u64 = 1024 * 1024;

/// What the bytes of a client are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The body of a message: as many bytes as its header says, of whatever kind.
    Body(Vec<u8>),
    /// Bytes that are no message. The next one is searched.
    Fault(Fault),
    /// No message was found for too long: nothing more comes.
    Lost,
}

/// What is wrong with a header, or with a body's length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("a line of the header is not of the form `Name: value`")]
    NoHeader,
    #[error("the header section has more than {MOST_HEADER_BYTES} bytes")]
    HeaderTooLong,
    #[error("the header has no Content-Length")]
    NoLength,
    #[error("the Content-Length {0} is not a number of bytes")]
    NotALength(String),
    #[error("the header has two lengths, {0} and {1}")]
    TwoLengths(u64, u64),
    #[error("a message of {0} bytes is too large, at most {MOST_BODY_BYTES} are taken")]
    TooLarge(u64),
    #[error("the charset {0} is not supported, only utf-8 is")]
    Charset(String),
    #[error("a new message begins {0} bytes before the end of the one before it")]
    LengthTooLarge(usize),
    #[error("the input ends {0} bytes before the end of a message")]
    CutBody(usize),
    #[error("the input ends within a header")]
    CutHeader,
}

/// Follows the bytes of one client.
#[derive(Debug)]
pub(super) struct Framer {
    state: State,
    /// Bytes skipped since the last body.
    skipped: u64,
    /// How many may be.
    may_skip: u64,
}

#[derive(Debug)]
enum State {
    Header {
        header: Header,
        /// The line that has not ended yet.
        line: Vec<u8>,
        /// The bytes of the section so far.
        size: usize,
    },
    Body {
        body: Vec<u8>,
        length: usize,
    },
    /// A body that is passed over.
    PassOver {
        left: u64,
    },
    /// The bytes that may be the beginning of a mark.
    Search {
        mark: Vec<u8>,
    },
    Lost,
}

impl State {
    /// At the beginning of a message.
    fn start() -> Self {
        Self::Header {
            header: Header::default(),
            line: Vec::new(),
            size: 0,
        }
    }

    /// After `mark`, if it is a whole one.
    fn after_mark(mark: &[u8]) -> Option<Self> {
        let mut header = Header::default();
        header.line(trimmed(mark)).ok()?;
        let is_whole = mark.last() == Some(&b'\n') && header.has_length();
        is_whole.then_some(Self::Header {
            header,
            line: Vec::new(),
            size: mark.len(),
        })
    }
}

impl Default for Framer {
    fn default() -> Self {
        Self {
            state: State::start(),
            skipped: 0,
            may_skip: MOST_SKIPPED_BYTES,
        }
    }
}

impl Framer {
    /// Takes bytes from the front of `input` up to the next frame. `None` when all are taken.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Frame> {
        while !input.is_empty() {
            let frame = match self.state {
                State::Header { .. } => self.header(input),
                State::Body { .. } => self.body(input),
                State::PassOver { .. } => self.pass_over(input),
                State::Search { .. } => self.search(input),
                State::Lost => {
                    *input = &[];
                    None
                }
            };
            if frame.is_some() {
                return frame;
            }
        }
        None
    }

    /// What the end of the input has cut off.
    pub fn end(self) -> Option<Fault> {
        match self.state {
            State::Header { size: 0, .. } | State::Search { .. } | State::Lost => None,
            State::Header { .. } => Some(Fault::CutHeader),
            State::Body { body, length } => Some(Fault::CutBody(length - body.len())),
            State::PassOver { left } => {
                Some(Fault::CutBody(usize::try_from(left).unwrap_or(usize::MAX)))
            }
        }
    }

    /// The bytes that are allocated.
    #[cfg(test)]
    fn allocated(&self) -> usize {
        match &self.state {
            State::Header { line, .. } => line.capacity(),
            State::Body { body, .. } => body.capacity(),
            State::Search { mark } => mark.capacity(),
            State::PassOver { .. } | State::Lost => 0,
        }
    }

    fn header(&mut self, input: &mut &[u8]) -> Option<Frame> {
        let State::Header { header, line, size } = &mut self.state else {
            return None;
        };
        let end = memchr::memchr(b'\n', input).map(|at| at + 1);
        let room = MOST_HEADER_BYTES - *size;
        let taken = take(input, end.unwrap_or(input.len()).min(room));
        line.extend_from_slice(taken);
        *size += taken.len();
        if line.last() != Some(&b'\n') {
            return (*size >= MOST_HEADER_BYTES).then(|| self.bad_header(Fault::HeaderTooLong));
        }
        let content = trimmed(line);
        if !content.is_empty() {
            let is_header = header.line(content).is_ok();
            if is_header {
                line.clear();
                return None;
            }
            return Some(self.bad_header(Fault::NoHeader));
        }
        if *size == line.len() {
            // Empty lines between messages do no harm.
            self.state = State::start();
            return None;
        }
        let header = std::mem::take(header);
        self.header_end(&header)
    }

    /// The empty line after the headers has come.
    fn header_end(&mut self, header: &Header) -> Option<Frame> {
        match header.length() {
            Ok(0) => {
                self.state = State::start();
                self.found();
                Some(Frame::Body(Vec::new()))
            }
            Ok(length) => {
                self.state = State::Body {
                    body: Vec::new(),
                    length,
                };
                None
            }
            Err((Fault::Charset(charset), Some(length))) if length <= MOST_TRUE_LENGTH => {
                self.state = match length {
                    0 => State::start(),
                    left => State::PassOver { left },
                };
                Some(Frame::Fault(Fault::Charset(charset)))
            }
            Err((fault, _)) => {
                if let Fault::TooLarge(length @ ..=MOST_TRUE_LENGTH) = fault {
                    self.may_skip = self.may_skip.max(length + MOST_SKIPPED_BYTES);
                }
                self.state = State::Search { mark: Vec::new() };
                Some(Frame::Fault(fault))
            }
        }
    }

    /// A header section that is none: it is skipped, and its last line is searched for a mark.
    fn bad_header(&mut self, fault: Fault) -> Frame {
        let state = std::mem::replace(&mut self.state, State::Search { mark: Vec::new() });
        if let State::Header { line, size, .. } = state {
            self.skipped += (size - line.len()) as u64;
            if let Some(lost) = self.search(&mut line.as_slice()) {
                return lost;
            }
        }
        Frame::Fault(fault)
    }

    fn body(&mut self, input: &mut &[u8]) -> Option<Frame> {
        let State::Body { body, length } = &mut self.state else {
            return None;
        };
        // To the next end of a line, as only there a mark can end; most bodies have none.
        let end = memchr::memchr(b'\n', input).map_or(input.len(), |at| at + 1);
        let taken = take(input, end.min(*length - body.len()));
        reserve(body, taken.len(), *length);
        body.extend_from_slice(taken);
        let missing = *length - body.len();
        let mark = mark_at_the_end(body);
        if let Some(next) = State::after_mark(mark) {
            let fault = Fault::LengthTooLarge(missing + mark.len());
            self.state = next;
            return Some(Frame::Fault(fault));
        }
        if missing > 0 {
            return None;
        }
        if !mark.is_empty() {
            // Cut within a mark, which goes on after the body.
            let mark = mark.to_vec();
            let fault = Fault::LengthTooLarge(mark.len());
            self.state = State::Search { mark };
            return Some(Frame::Fault(fault));
        }
        let body = std::mem::take(body);
        self.state = State::start();
        self.found();
        Some(Frame::Body(body))
    }

    fn pass_over(&mut self, input: &mut &[u8]) -> Option<Frame> {
        let State::PassOver { left } = &mut self.state else {
            return None;
        };
        let taken = take(input, usize::try_from(*left).unwrap_or(usize::MAX));
        *left -= taken.len() as u64;
        if *left == 0 {
            self.state = State::start();
        }
        None
    }

    fn search(&mut self, input: &mut &[u8]) -> Option<Frame> {
        let State::Search { mark } = &mut self.state else {
            return None;
        };
        while !input.is_empty() {
            if self.skipped >= self.may_skip {
                self.state = State::Lost;
                return Some(Frame::Lost);
            }
            if mark.is_empty() {
                let begin = memchr::memchr2(b'c', b'C', input).unwrap_or(input.len());
                let left = usize::try_from(self.may_skip - self.skipped).unwrap_or(usize::MAX);
                self.skipped += take(input, begin.min(left)).len() as u64;
            }
            let Some(&byte) = input.first() else { break };
            if self.skipped >= self.may_skip {
                continue;
            }
            take(input, 1);
            self.skipped += 1;
            if !may_follow(mark, byte) {
                mark.clear();
                if !may_follow(mark, byte) {
                    continue;
                }
            }
            mark.push(byte);
            if byte == b'\n' {
                if let Some(next) = State::after_mark(mark) {
                    self.state = next;
                    return None;
                }
                mark.clear();
            }
        }
        None
    }

    /// A body was found.
    fn found(&mut self) {
        self.skipped = 0;
        self.may_skip = MOST_SKIPPED_BYTES;
    }
}

/// Whether a mark can go on with `byte` after `mark`.
fn may_follow(mark: &[u8], byte: u8) -> bool {
    match MARK.get(mark.len()) {
        Some(expected) => byte.eq_ignore_ascii_case(expected),
        None => {
            mark.len() < MOST_MARK_BYTES
                && matches!(byte, b'0'..=b'9' | b' ' | b'\t' | b'\r' | b'\n')
        }
    }
}

/// What follows the last `}` of `body`, when it is a mark or the beginning of one.
fn mark_at_the_end(body: &[u8]) -> &[u8] {
    let tail = &body[body.len().saturating_sub(MOST_MARK_BYTES)..];
    let Some(brace) = memchr::memrchr(b'}', tail) else {
        return &[];
    };
    let mark = &tail[brace + 1..];
    let is_mark = (0..mark.len()).all(|at| may_follow(&mark[..at], mark[at]));
    if is_mark { mark } else { &[] }
}

/// Room for `more` bytes in a body of `length` bytes: doubled each time, and never more than the
/// whole.
fn reserve(body: &mut Vec<u8>, more: usize, length: usize) {
    let needed = body.len() + more;
    if needed > body.capacity() {
        let room = needed.max(body.capacity() * 2).min(length);
        body.reserve_exact(room - body.len());
    }
}

/// The first `count` bytes, taken off.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(count.min(input.len()));
    *input = rest;
    taken
}

/// A line without its end.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
