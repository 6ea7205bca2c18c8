//! Inputs for the entry points that take what others wrote: the seeds in `tests/corpus` and the recorded
//! responses in `tests/fixtures/llm`, broken in ways that generated inputs hardly are. Only in tests.
//!
//! A seed that once made a test fail belongs into the folder of its entry point. `PROPTEST_CASES` makes a run
//! longer than the one of `npm test`.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Bytes with a meaning in one of the formats.
const TELLING: [&[u8]; 18] = [
    b"\r\n",
    b"\r",
    b"\n\n",
    b"data: ",
    b"event: ",
    b"{",
    b"}",
    b"\"",
    b"\\u0000",
    b"null",
    b"-1",
    b"99999999999999999999",
    b"```\n",
    b"<<<<<<< SEARCH\n",
    b"@@ -1,0 +1,9 @@\n",
    b"\xff",
    "\u{feff}".as_bytes(),
    "é📬\u{2028}".as_bytes(),
];

/// One thing that is done to an input.
#[derive(Clone, Debug)]
enum Change {
    Cut(Index),
    Flip(Index, u8),
    Insert(Index, &'static [u8]),
    Remove(Index, Index),
    Repeat(Index, Index),
}

/// The files in a folder below `tests` and the folders in it, by their paths.
pub(crate) fn seeds(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(folder),
    ];
    let mut seeds = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                seeds.push((path.clone(), std::fs::read(path).unwrap()));
            }
        }
    }
    seeds.sort();
    assert!(!seeds.is_empty());
    seeds
}

/// A seed of the folder with some changes, and its path.
pub(crate) fn broken(folder: &str) -> impl Strategy<Value = (PathBuf, Vec<u8>)> + use<> {
    let index = any::<Index>;
    let change = prop_oneof![
        1 => index().prop_map(Change::Cut),
        3 => (index(), any::<u8>()).prop_map(|(at, bits)| Change::Flip(at, bits)),
        4 => (index(), select(TELLING.to_vec())).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (index(), index()).prop_map(|(from, to)| Change::Remove(from, to)),
        1 => (index(), index()).prop_map(|(from, to)| Change::Repeat(from, to)),
    ];
    let changes = proptest::collection::vec(change, 0..6);
    (select(seeds(folder)), changes).prop_map(|((path, mut bytes), changes)| {
        for change in changes {
            apply(&mut bytes, &change);
        }
        (path, bytes)
    })
}

/// The same as text.
pub(crate) fn broken_text(folder: &str) -> impl Strategy<Value = String> + use<> {
    broken(folder).prop_map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned())
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let at = |index: &Index| index.index(bytes.len() + 1);
    let range = |one: &Index, other: &Index| {
        let (one, other) = (at(one), at(other));
        one.min(other)..one.max(other)
    };
    match change {
        Change::Cut(end) => bytes.truncate(at(end)),
        Change::Flip(place, bits) => {
            let place = at(place);
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= bits;
            }
        }
        Change::Insert(place, new) => {
            let place = at(place);
            bytes.splice(place..place, new.iter().copied());
        }
        Change::Remove(from, to) => {
            bytes.drain(range(from, to));
        }
        Change::Repeat(from, to) => {
            let range = range(from, to);
            let copy = bytes[range.clone()].to_vec();
            bytes.splice(range.end..range.end, copy);
        }
    }
}
