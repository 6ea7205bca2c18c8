use proptest::prelude::*;

use super::*;

/// Everything that a framer makes of these pieces, and of their end.
fn frames(pieces: &[&[u8]]) -> (Vec<Frame>, Option<Fault>) {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(frame) = framer.next(&mut input) {
            frames.push(frame);
        }
    }
    (frames, framer.end())
}

fn frames_of(input: &str) -> Vec<Frame> {
    frames(&[input.as_bytes()]).0
}

fn message(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

fn body(text: &str) -> Frame {
    Frame::Body(text.as_bytes().to_vec())
}

fn fault(fault: Fault) -> Frame {
    Frame::Fault(fault)
}

const GOOD: &str = r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#;

/// What a header section is taken for, and that the message after it is found.
fn section(header: &str) -> Fault {
    let found = frames_of(&format!("{header}{GOOD}{}", message("{}")));
    let [Frame::Fault(fault), Frame::Body(next)] = found.as_slice() else {
        panic!("{header:?} gave {found:?}");
    };
    assert_eq!(next, b"{}");
    fault.clone()
}

#[test]
fn headers_as_clients_write_them() {
    let length = GOOD.len();
    for header in [
        format!("Content-Length: {length}\r\n\r\n"),
        format!("content-length:{length}\r\n\r\n"),
        format!("CONTENT-LENGTH:\t {length} \r\n\r\n"),
        format!("Content-Length: {length}\n\n"),
        format!("\r\n\r\nContent-Length: {length}\r\n\r\n"),
        format!("Content-Length: {length}\r\nContent-Length: {length}\r\n\r\n"),
        format!("X-Unknown: whatever: \u{fffd}\r\nContent-Length: {length}\r\n\r\n"),
        format!(
            "Content-Length: {length}\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n"
        ),
        format!("Content-Type: a/b; charset=\"UTF8\"\r\nContent-Length: {length}\r\n\r\n"),
        format!("Content-Type: a/b\r\nContent-Length: {length}\r\n\r\n"),
    ] {
        let found = frames_of(&format!("{header}{GOOD}{}", message("{}")));
        assert_eq!(found, [body(GOOD), body("{}")], "{header:?}");
    }
    assert_eq!(frames_of(&message("")), [body("")]);
}

#[test]
fn headers_that_are_refused() {
    let shown = |value: &str| Fault::NotALength(format!("{value:?}"));
    assert_eq!(section("Content-Type: a/b\r\n\r\n"), Fault::NoLength);
    assert_eq!(section("Content-Length: -5\r\n\r\n"), shown("-5"));
    assert_eq!(section("Content-Length: +5\r\n\r\n"), shown("+5"));
    assert_eq!(section("Content-Length: \r\n\r\n"), shown(""));
    assert_eq!(section("Content-Length: 0x10\r\n\r\n"), shown("0x10"));
    assert_eq!(
        section("Content-Length: 99999999999999999999999\r\n\r\n"),
        shown("99999999999999999999999")
    );
    assert_eq!(
        section("Content-Length: 1000000000000000000\r\n\r\n"),
        Fault::TooLarge(1_000_000_000_000_000_000)
    );
    assert_eq!(
        section("Content-Length: 300000000\r\n\r\n"),
        Fault::TooLarge(300_000_000)
    );
    assert_eq!(
        section("Content-Length: 5\r\nContent-Length: 7\r\n\r\n"),
        Fault::TwoLengths(5, 7)
    );
    assert_eq!(section("\u{0}\u{1}garbage\r\n\r\n"), Fault::NoHeader);
    assert_eq!(section("Content Length: 5\r\n\r\n"), Fault::NoHeader);
    assert_eq!(section(": 5\r\n\r\n"), Fault::NoHeader);
    assert_eq!(
        section(&format!(
            "X-Long: {}\r\n\r\n",
            "x".repeat(MOST_HEADER_BYTES)
        )),
        Fault::HeaderTooLong
    );
    assert_eq!(
        section(&"X-Many: 1\r\n".repeat(MOST_HEADER_BYTES)),
        Fault::HeaderTooLong
    );
}

#[test]
fn a_body_of_another_charset_is_passed_over() {
    let utf16 = "Content-Length: 26\r\nContent-Type: a/b; charset=utf-16\r\n\r\nContent-Length: 3\r\n\r\nabc..";
    assert_eq!(
        frames_of(&format!("{utf16}{}", message(GOOD))),
        [fault(Fault::Charset("\"utf-16\"".into())), body(GOOD)]
    );
}

#[test]
fn a_length_that_is_too_small() {
    let short = format!("Content-Length: {}\r\n\r\n{GOOD}", GOOD.len() - 7);
    let found = frames_of(&format!("{short}{}", message("{}")));
    assert_eq!(
        found,
        [
            body(&GOOD[..GOOD.len() - 7]),
            fault(Fault::NoHeader),
            body("{}")
        ]
    );
}

#[test]
fn a_length_that_is_too_large() {
    let next = message("{}");
    // Also when the body ends within the next header, or with it.
    for more in 1..next.len() + 100 {
        let long = format!("Content-Length: {}\r\n\r\n{GOOD}", GOOD.len() + more);
        let (found, cut) = frames(&[format!("{long}{next}{next}").as_bytes()]);
        assert!(
            matches!(found[0], Frame::Fault(Fault::LengthTooLarge(_))),
            "{more} more: {found:?}"
        );
        assert_eq!(found[1..], [body("{}"), body("{}")], "{more} more");
        assert_eq!(cut, None);
    }
}

#[test]
fn a_body_may_speak_of_headers() {
    let speaks = r#"{"text":"}Content-Length: 5\r\n\r\n{}"}"#;
    let pretty = "{\r\n  \"a\": {},\r\n  \"b\": 7\n}\n";
    let input = format!("{}{}{}", message(speaks), message(pretty), message("{}"));
    assert_eq!(frames_of(&input), [body(speaks), body(pretty), body("{}")]);
}

#[test]
fn a_stream_without_messages_is_lost() {
    let garbage = "garbage\n".repeat(usize::try_from(MOST_SKIPPED_BYTES).unwrap() / 8 + 1);
    assert_eq!(
        frames_of(&format!("{garbage}{}", message("{}"))),
        [fault(Fault::NoHeader), Frame::Lost]
    );
    let marks = "Content-Length: 1\r\nContent-Length: 2\r\n\r\n".repeat(100_000);
    let found = frames_of(&marks);
    assert_eq!(found.last(), Some(&Frame::Lost));
    assert!(found[..found.len() - 1].contains(&fault(Fault::TwoLengths(1, 2))));
}

#[test]
fn a_message_that_is_too_large_is_passed_over_whole() {
    let length = MOST_BODY_BYTES + 10 * MOST_SKIPPED_BYTES;
    let mut framer = Framer::default();
    let header = format!("Content-Length: {length}\r\n\r\n");
    assert_eq!(
        framer.next(&mut header.as_bytes()),
        Some(fault(Fault::TooLarge(length)))
    );
    let piece = vec![b' '; 1 << 20];
    for _ in 0..length >> 20 {
        assert_eq!(framer.next(&mut piece.as_slice()), None);
        assert!(framer.allocated() <= MOST_MARK_BYTES);
    }
    assert_eq!(framer.next(&mut message("{}").as_bytes()), Some(body("{}")));
}

#[test]
fn an_end_in_mid_message_is_told() {
    let end = |input: &str| frames(&[input.as_bytes()]).1;
    assert_eq!(end(""), None);
    assert_eq!(end(&message("{}")), None);
    assert_eq!(end("Content-Len"), Some(Fault::CutHeader));
    assert_eq!(end("Content-Length: 5\r\n"), Some(Fault::CutHeader));
    assert_eq!(end("Content-Length: 5\r\n\r\n{"), Some(Fault::CutBody(4)));
}

/// Pieces that streams of clients are made of, right and wrong.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let good = r#"\{"[a-z}{:, ]{0,40}"\}"#.prop_map(|body| message(&body).into_bytes());
    let wrong_length = ("\\{[a-z\n\r}]{0,20}\\}", -5isize..60).prop_map(|(body, wrong)| {
        let length = body.len().saturating_add_signed(wrong);
        format!("Content-Length: {length}\r\n\r\n{body}").into_bytes()
    });
    let header = "(Content-Length|content-length|C|X-Y|Content-Type): ?[0-9a-z;=/-]{0,24}\r?\n";
    let nearly = "[CcontentLgh:\\-0-9 \r\n}]{0,40}";
    prop_oneof![
        4 => good,
        1 => wrong_length,
        1 => header.prop_map(String::into_bytes),
        1 => Just(b"\r\n".to_vec()),
        1 => nearly.prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..64),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_division_of_the_bytes_does_not_matter(
        pieces in proptest::collection::vec(piece(), 0..12),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..24),
    ) {
        let input = pieces.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let divided: Vec<&[u8]> = cuts.windows(2).map(|pair| &input[pair[0]..pair[1]]).collect();
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        let whole = frames(&[&input]);
        prop_assert_eq!(&frames(&divided), &whole);
        prop_assert_eq!(&frames(&bytes), &whole);
    }

    #[test]
    fn broken_messages_are_framed_the_same_however_they_come(
        (_, input) in crate::corpus::broken("corpus/framing"),
        size in 1..64_usize,
    ) {
        let divided: Vec<&[u8]> = input.chunks(size).collect();
        prop_assert_eq!(&frames(&divided), &frames(&[&input]));
    }

    #[test]
    fn nothing_is_allocated_that_was_not_sent(
        pieces in proptest::collection::vec(piece(), 0..12),
        length in any::<u64>(),
    ) {
        let mut framer = Framer::default();
        let header = format!("Content-Length: {length}\r\n\r\n").into_bytes();
        let mut sent = 0;
        for piece in pieces.iter().chain([&header]).chain(&pieces) {
            sent += piece.len();
            let mut input = piece.as_slice();
            while framer.next(&mut input).is_some() {}
            prop_assert!(framer.allocated() <= (2 * sent).max(MOST_MARK_BYTES));
        }
    }

    #[test]
    fn a_good_message_is_found_after_any_garbage(garbage in proptest::collection::vec(piece(), 0..8)) {
        // The first mark may be taken for the end of a header that the garbage has begun.
        let input = [garbage.concat(), message("{}").repeat(3).into_bytes()].concat();
        let (found, _) = frames(&[&input]);
        prop_assert_eq!(found.last(), Some(&body("{}")));
    }

    #[test]
    fn a_message_is_read_or_refused(text in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        // Whatever it is, it does not panic.
        let _ = message::read(text.as_bytes());
        let _ = message::read(&bytes);
    }
}
