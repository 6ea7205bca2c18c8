//! Secrets in what is about to be sent: private keys, tokens, passwords in addresses, files of secrets.
//!
//! What is found is named by its kind and its place, never by itself. The search prefers to miss an unusual
//! secret to crying wolf: each rule is anchored at a mark that its issuer puts into every token, and what
//! looks like an example is passed over. So it is a net under the user, not a promise.

mod key_files;
mod placeholder;
mod rules;
mod survey;

#[cfg(test)]
mod tests;

pub use key_files::{AllowedPaths, KeyFile};
pub use rules::{Match, scan};
pub use survey::{Sources, survey};

/// A secret that would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is: `GitHub token`.
    pub kind: String,
    /// Where it is, for people: `line 12`, `the prompt`.
    pub place: String,
    /// Its line in the buffer as it was at submit, counted from 1; `None` when it is elsewhere.
    pub line: Option<u32>,
    /// Tells this secret from every other without telling it: a SHA-256 in hexadecimal digits.
    pub fingerprint: String,
}
