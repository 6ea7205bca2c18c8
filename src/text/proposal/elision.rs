//! Lines by which a model says that it leaves code out. Applied as code, they would delete it.

/// The first line that stands for code which is left out, unless `text` has that line itself.
pub(super) fn find<'a>(lines: impl IntoIterator<Item = &'a str>, text: &str) -> Option<&'a str> {
    let mut above = "";
    for line in lines {
        let stub = line.trim() == "..." && above.ends_with(':');
        if leaves_out(line.trim()) && !stub && !text.lines().any(|l| l.trim() == line.trim()) {
            return Some(line);
        }
        if !line.trim().is_empty() {
            above = line.trim_end();
        }
    }
    None
}

fn leaves_out(line: &str) -> bool {
    let squeezed: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    let hollow = ["{...}", "{…}", "{/*...*/}", "{/*…*/}", "{//..."];
    if hollow.iter().any(|body| squeezed.contains(body)) {
        return true;
    }
    let Some(remark) = remark(line) else {
        return false;
    };
    let remark = remark.to_lowercase();
    let dotted = |part: &str| part.starts_with("...") || part.starts_with('…');
    if dotted(&remark) || remark.starts_with("[...") || remark.starts_with("[…") {
        return true;
    }
    let words: Vec<_> = remark
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let begins = |start: &[&str]| words.starts_with(start);
    let subject = [
        "code",
        "file",
        "function",
        "class",
        "method",
        "methods",
        "functions",
        "implementation",
        "logic",
        "rest",
        "body",
        "imports",
        "content",
    ];
    let verdict = [
        "unchanged",
        "same",
        "omitted",
        "here",
        "existing",
        "before",
        "is",
        "elided",
    ];
    let trails_off = remark.ends_with("...") || remark.ends_with('…');
    let announces = [
        "rest",
        "remaining",
        "existing",
        "other",
        "previous",
        "same",
        "unchanged",
    ]
    .iter()
    .any(|word| begins(&[word]) || begins(&["the", word]) || begins(&["your", word]));
    match () {
        () if trails_off && announces => true,
        () if announces && has(&subject) && has(&verdict) => true,
        () if remark.contains("for brevity") => true,
        () if words == ["unchanged"] || words == ["existing", "code"] => true,
        () if begins(&["no", "changes"]) && words.len() <= 3 => true,
        () if begins(&["same", "as", "before"]) || begins(&["keep", "the", "rest"]) => true,
        () => begins(&["rest", "of"]) && words.len() <= 4 && has(&subject),
    }
}

/// The text of a line that is a comment, or that is nothing but dots or a remark in brackets.
fn remark(line: &str) -> Option<&str> {
    const OPENINGS: [&str; 11] = [
        "<!--", "{/*", "/*", "//", "--", "\"\"\"", "#", "%", ";", "*", "(",
    ];
    const CLOSINGS: [&str; 5] = ["-->", "*/}", "*/", "\"\"\"", ")"];
    if line.starts_with("...") || line.starts_with('…') {
        // Code may begin with three dots: a spread or a range.
        let rest = line.trim_start_matches(['.', '…']);
        return (rest.is_empty() || rest.starts_with(' ')).then_some(line);
    }
    if ["[...", "[…", "[rest"]
        .iter()
        .any(|start| line.starts_with(start))
    {
        return Some(line.trim_start_matches("["));
    }
    let opening = OPENINGS
        .iter()
        .find(|opening| line.starts_with(**opening))?;
    let inner = line[opening.len()..].trim_start_matches(['/', '#', '*', '!', '-']);
    let closed = CLOSINGS
        .iter()
        .find_map(|closing| inner.strip_suffix(closing));
    Some(closed.unwrap_or(inner).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_that_leave_code_out() {
        for line in [
            "// ... rest unchanged",
            "// ...",
            "    // … existing code …",
            "# ... existing code ...",
            "# rest of the code remains the same",
            "# Rest of the file",
            "/* ... */",
            "<!-- rest of the page is unchanged -->",
            "-- existing code here",
            "{/* ... other components ... */}",
            "...",
            "…",
            "... (rest of the function)",
            "[... rest of the file ...]",
            "[… 4711 bytes left out …]",
            "// [… 4711 bytes left out …]",
            "    # [… 4711 bytes left out …]",
            "/* [… 4711 bytes left out …] */",
            "// (unchanged)",
            "// The remaining methods stay the same",
            "# code omitted for brevity",
            "// No changes here",
            "// Same as before",
            "// other methods...",
            "fn main() { ... }",
            "function f() { /* ... */ }",
            "; ... unchanged ...",
            "    \"\"\"...\"\"\"",
        ] {
            assert_eq!(find([line], "other\n"), Some(line));
        }
    }

    #[test]
    fn code_and_ordinary_comments() {
        for line in [
            "let all = [...first, ...second];",
            "...props,",
            "f(...args);",
            "const a = { ...b };",
            "for i in 0...5 {",
            "// Wait for the server...",
            "// Loads the file.",
            "# Process the rest of the queue",
            "// Other threads may hold the lock here.",
            "print(\"...\")",
            "/// The existing entry is kept.",
            "match x { .. }",
            "-- the same table is used twice",
            "// Unchanged lines are skipped.",
            "* list item",
            "#[derive(Debug)]",
            "#include <stdio.h>",
        ] {
            assert_eq!(find([line], ""), None, "{line}");
        }
        assert_eq!(find(["def f(self) -> int:", "    ..."], ""), None);
        assert_eq!(
            find(["    // ..."], "a\n// ...\nb\n"),
            None,
            "the file has it"
        );
    }
}
