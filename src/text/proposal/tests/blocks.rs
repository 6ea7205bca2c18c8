//! Search/replace blocks and diffs.

use super::*;

const BASE: &str = "\
import os

⟦def first():
    value = 1
    return value

def second():
    value = 1
    return value + 1
⟧
def main():
    print(first(), second())
";

fn block(search: &str, replace: &str) -> String {
    format!("<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n")
}

/// The base with some of its text replaced.
fn with(from: &str, to: &str) -> String {
    let (base, _) = parse(BASE);
    assert!(base.contains(from));
    base.replacen(from, to, 1)
}

#[test]
fn blocks_are_applied() {
    let import = block("import os\n", "import os\nimport sys\n");
    let main = block("    print(first(), second())\n", "    print(second())\n");
    let both =
        with("import os\n", "import os\nimport sys\n").replace("first(), second()", "second()");
    let fenced =
        format!("Two changes:\n\n```python\n{import}```\n\nand\n\n```python\n{main}```\nDone.");
    let bare = format!("{main}\n{import}");
    let twice = format!("{import}{main}{import}");
    accept(&[
        ("in fences, with prose", BASE, &fenced, &both),
        ("bare, in any order", BASE, &bare, &both),
        ("one of them repeated", BASE, &twice, &both),
        ("line endings", BASE, &bare.replace('\n', "\r\n"), &both),
        (
            "trailing white space",
            BASE,
            &block("import os   \n", "import sys\n"),
            &with("import os", "import sys"),
        ),
        (
            "other words",
            BASE,
            "<<<<<<< ORIGINAL\nimport os\n=======\nimport sys\n>>>>>>> UPDATED",
            &with("import os", "import sys"),
        ),
        (
            "blank lines around",
            BASE,
            &block("\nimport os\n\n", "\nimport sys\n\n"),
            &with("import os", "import sys"),
        ),
        (
            "a part of a line",
            BASE,
            &block("print(first(), second())\n", "print(2)\n"),
            &with("print(first(), second())", "print(2)"),
        ),
        (
            "deleted",
            BASE,
            &block("import os\n\n", ""),
            &with("import os\n\n", ""),
        ),
        (
            "less indentation",
            BASE,
            &block(
                "value = 1\nreturn value + 1\n",
                "value = 2\nif value:\n    return value\n",
            ),
            &with(
                "    value = 1\n    return value + 1\n",
                "    value = 2\n    if value:\n        return value\n",
            ),
        ),
        ("the empty file", "⟦⟧", &block("", "new\n"), "new\n"),
        (
            "an underline of seven",
            "Heading\n=======\n\n⟦text⟧\n",
            "<<<<<<< SEARCH\nHeading\n=======\n\ntext\n=======\nHeading\n=======\n\nother\n>>>>>>> REPLACE\n",
            "Heading\n=======\n\nother\n",
        ),
        (
            "no line feed at the end",
            "⟦a\nb⟧",
            &block("b\n", "c\n"),
            "a\nc",
        ),
    ]);
}

#[test]
fn of_several_places_the_one_at_the_anchor_is_meant() {
    let base = |anchor: usize| {
        let lines = ["f(1)", "same()", "f(2)", "same()", "f(3)", "same()", "f(4)"];
        let mark = |(i, line): (usize, &&str)| match i == anchor {
            true => format!("⟦{line}⟧\n"),
            false => format!("{line}\n"),
        };
        lines.iter().enumerate().map(mark).collect::<String>()
    };
    let change = block("same()\n", "other()\n");
    let expected = |line: usize| {
        let (text, _) = parse(&base(0));
        let mut lines: Vec<_> = text.lines().collect();
        lines[line] = "other()";
        lines.join("\n") + "\n"
    };
    accept(&[
        ("in the anchor", &base(3), &change, &expected(3)),
        ("nearest", &base(0), &change, &expected(1)),
        ("nearest, above", &base(6), &change, &expected(5)),
    ]);
    refuse(&[
        (
            "as near on both sides",
            &base(2),
            &change,
            "the code to be replaced is in the file 3 times",
        ),
        (
            "twice in the anchor",
            "⟦same()\nsame()⟧\n",
            &change,
            "the code to be replaced is in the file 2 times",
        ),
    ]);
}

#[test]
fn blocks_that_cannot_be_applied() {
    let value = block("    value = 1\n", "    value = 2\n");
    let overlap = block("import os\n\n", "import sys\n\n") + &block("import os\n", "");
    refuse(&[
        (
            "not there",
            BASE,
            &block("import re\n", ""),
            "the code to be replaced is not in the file (“import re”)",
        ),
        (
            "one of two is not there",
            BASE,
            &format!("{}{}", block("import os\n", ""), block("nope\n", "")),
            "the code to be replaced is not in the file (“nope”)",
        ),
        (
            "twice",
            BASE,
            &value,
            "the code to be replaced is in the file 2 times",
        ),
        (
            "overlapping",
            BASE,
            &overlap,
            "two changes of the response overlap",
        ),
        (
            "cut off",
            BASE,
            "<<<<<<< SEARCH\nimport os\n=======\nimport s",
            "the response was cut off",
        ),
        (
            "cut off before the divider",
            BASE,
            "<<<<<<< SEARCH\nimport os",
            "the response was cut off",
        ),
        (
            "no divider",
            BASE,
            "<<<<<<< SEARCH\nimport os\n>>>>>>> REPLACE",
            "a search/replace block has no “=======” line",
        ),
        (
            "no end",
            BASE,
            &format!("<<<<<<< SEARCH\nimport os\n=======\nimport sys\n{value}"),
            "a search/replace block has no “>>>>>>> REPLACE” line",
        ),
        (
            "nothing to search",
            BASE,
            &block("", "new\n"),
            "a search/replace block has no text to be replaced",
        ),
        (
            "elided replacement",
            BASE,
            &block(
                "import os\n",
                "import sys\n# ... rest of the file unchanged\n",
            ),
            "the response leaves code out",
        ),
        (
            "elided search",
            BASE,
            &block("import os\n# ...\ndef main():\n", "x\n"),
            "the response leaves code out",
        ),
    ]);
}

#[test]
fn diffs_are_applied_by_their_content() {
    let diff = "```diff\n--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,4 @@\n import os\n+import sys\n \n def first():\n@@ -40,2 +41,2 @@\n def main():\n-    print(first(), second())\n+    print(second())\n```";
    let both =
        with("import os\n", "import os\nimport sys\n").replace("first(), second()", "second()");
    let plain = "```diff\n-import os\n+import sys\n```";
    let lost = diff.replace("\n \n", "\n\n");
    accept(&[
        ("with headers", BASE, diff, &both),
        ("context that lost its space", BASE, &lost, &both),
        (
            "without headers",
            BASE,
            plain,
            &with("import os", "import sys"),
        ),
    ]);
    let invented = "```diff\n@@ -1,2 +1,2 @@\n import sys\n-import os\n+import re\n```";
    refuse(&[(
        "context that is not there",
        BASE,
        invented,
        "the code to be replaced is not in the file",
    )]);
}
