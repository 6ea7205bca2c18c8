//! Why a model stopped, whatever its provider calls it.

/// The most characters of a provider's own word for it.
const MOST_CHARS: usize = 40;

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It had said everything.
    Stop,
    /// The limit on output tokens was reached: the text is cut.
    Length,
    /// It, or the provider's filter, refused.
    Refusal,
    /// The model's window was full.
    ContextFull,
    /// It wants to call a tool, and was offered none.
    ToolCall,
    /// The provider says that the response is not complete, and no more.
    Incomplete,
    /// Another reason, in the provider's word.
    Other(String),
}

impl Finish {
    /// The meaning of a provider's word. The formats have words of their own, and gateways mix them.
    pub(super) fn of_word(word: &str) -> Self {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "stop" | "eos" | "end_turn" | "stop_sequence" | "completed" | "complete" => Self::Stop,
            "length" | "max_tokens" | "max_output_tokens" => Self::Length,
            "refusal" | "safety" => Self::Refusal,
            // Gemini adds the category: `content_filter: SAFETY`.
            _ if lower.starts_with("content_filter") => Self::Refusal,
            "model_length" | "model_context_window_exceeded" => Self::ContextFull,
            "tool_calls" | "tool_call" | "tool_use" | "function_call" => Self::ToolCall,
            "incomplete" => Self::Incomplete,
            _ => Self::Other(plain(word)),
        }
    }

    /// The word for the wire and the store.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Refusal => "refusal",
            Self::ContextFull => "contextFull",
            Self::ToolCall => "toolCall",
            Self::Incomplete => "incomplete",
            Self::Other(word) => word,
        }
    }
}

/// A word of a provider, which goes into the store and to people: nothing but a word.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_-.: ".contains(*c))
        .take(MOST_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("STOP", "stop")]
    #[case("max_output_tokens", "length")]
    #[case("content_filter: SAFETY", "refusal")]
    #[case("tool_use", "toolCall")]
    #[case("pause_turn", "pause_turn")]
    #[case("\u{1b}[2Jodd\n", "2Jodd")]
    fn a_word_has_one_meaning(#[case] word: &str, #[case] name: &str) {
        assert_eq!(Finish::of_word(word).name(), name);
    }

    #[test]
    fn a_long_word_is_cut() {
        assert_eq!(Finish::of_word(&"x".repeat(500)).name().len(), MOST_CHARS);
    }
}
