//! Responses that hold the new code itself.

use super::*;

const RUST: &str = "\
use std::io;

⟦fn load(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.trim().to_string()
}⟧

fn main() {
    println!(\"{}\", load(\"a\"));
}
";

const RUST_NEW: &str = "\
use std::io;

fn load(path: &str) -> io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.trim().to_string())
}

fn main() {
    println!(\"{}\", load(\"a\"));
}
";

const NEW_LOAD: &str = "\
fn load(path: &str) -> io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.trim().to_string())
}
";

#[test]
fn the_code_at_the_anchor() {
    let fenced = format!("```rust\n{NEW_LOAD}```");
    let prose = format!(
        "Sure! Here's the function with proper error handling:\n\n{fenced}\n\nThis returns an \
         `io::Result` instead of panicking. Let me know if you'd like anything else!"
    );
    let tilde = format!("~~~\n{NEW_LOAD}~~~\n");
    let thoughts = format!("<think>\nMaybe:\n```rust\nfn nope() {{}}\n```\n</think>\n\n{fenced}");
    let margins = format!("```rust\n\n{NEW_LOAD}\n\n```");
    let trailing = fenced.replace(";\n", ";  \n").replace("{\n", "{ \n");
    let crlf = fenced.replace('\n', "\r\n");
    let listed = format!(
        "1. Replace the function:\n\n   {}\n\n2. Done.",
        fenced.replace('\n', "\n   ")
    );
    let command = format!("{fenced}\n\nThen run:\n\n```sh\ncargo test\n```\n");
    let quoted = format!(
        "Before:\n```rust\n{}\n```\nAfter:\n{fenced}",
        "fn load(path: &str) -> String {\n    let text = std::fs::read_to_string(path).unwrap();\n    text.trim().to_string()\n}"
    );
    let neighbours = format!("```rust\nuse std::io;\n\n{NEW_LOAD}\nfn main() {{\n```");
    let whole = format!("```rust\n{RUST_NEW}```");
    for (name, response) in [
        ("fenced", &fenced),
        ("prose around", &prose),
        ("tildes", &tilde),
        ("thoughts before", &thoughts),
        ("blank lines in the fence", &margins),
        ("line endings", &crlf),
        ("in a list", &listed),
        ("a command after it", &command),
        ("the old code before it", &quoted),
        ("lines around it repeated", &neighbours),
        ("the whole file", &whole),
        ("no fence", &NEW_LOAD.to_owned()),
    ] {
        accept(&[(name, RUST, response, RUST_NEW)]);
    }
    let spaced = decoded(RUST, &trailing).unwrap();
    let without: Vec<_> = spaced.lines().map(str::trim_end).collect();
    assert_eq!(without, RUST_NEW.lines().collect::<Vec<_>>());
}

#[test]
fn indentation() {
    let python =
        "class A:\n⟦    def f(self):\n        return 1\n⟧\n    def g(self):\n        return 2\n";
    let new = "class A:\n    def f(self):\n        # One.\n        return 1\n\n    def g(self):\n        return 2\n";
    let started =
        "class A:\n    ⟦def f(self):\n        return 1⟧\n\n    def g(self):\n        return 2\n";
    let braces = "impl A {\n    ⟦fn f() {\n        one();\n    }⟧\n}\n";
    let braces_new = "impl A {\n    fn f() {\n        two();\n    }\n}\n";
    let wrapped = "fn f() {\n⟦    go();\n⟧}\n";
    accept(&[
        (
            "as it was",
            python,
            "```python\n    def f(self):\n        # One.\n        return 1\n```",
            new,
        ),
        (
            "none",
            python,
            "```python\ndef f(self):\n    # One.\n    return 1\n```",
            new,
        ),
        (
            "more",
            python,
            "```python\n        def f(self):\n            # One.\n            return 1\n```",
            new,
        ),
        (
            "none, selection began after it",
            started,
            "```python\ndef f(self):\n    # One.\n    return 1\n```",
            new,
        ),
        (
            "first line without",
            started,
            "```python\ndef f(self):\n        # One.\n        return 1\n```",
            new,
        ),
        (
            "first line without, braces",
            braces,
            "```rust\nfn f() {\n        two();\n    }\n```",
            braces_new,
        ),
        (
            "braces, none",
            braces,
            "```rust\nfn f() {\n    two();\n}\n```",
            braces_new,
        ),
        (
            "tabs",
            "if x {\n\t⟦a()⟧\n}\n",
            "```go\nb()\n```",
            "if x {\n\tb()\n}\n",
        ),
        (
            "one level more within",
            wrapped,
            "```rust\n    if ready {\n        go();\n    }\n```",
            "fn f() {\n    if ready {\n        go();\n    }\n}\n",
        ),
    ]);
}

#[test]
fn parts_of_lines() {
    let line = "let a = 1;\nlet x = ⟦a + b⟧;\nlet c = 3;\n";
    accept(&[
        (
            "the part",
            line,
            "```\na * b\n```",
            "let a = 1;\nlet x = a * b;\nlet c = 3;\n",
        ),
        (
            "its line",
            line,
            "```\nlet x = a * b;\n```",
            "let a = 1;\nlet x = a * b;\nlet c = 3;\n",
        ),
        (
            "its line, with a neighbour",
            line,
            "```\nlet x = a * b;\nlet c = 3;\n```",
            "let a = 1;\nlet x = a * b;\nlet c = 3;\n",
        ),
        (
            "several lines",
            "f(⟦a⟧);\n",
            "```\n[\n  a,\n]\n```",
            "f([\n  a,\n]);\n",
        ),
        (
            "a cursor in a line",
            "one();\nt⟦⟧wo();\n",
            "```\ntwo(2);\n```",
            "one();\ntwo(2);\n",
        ),
        (
            "a cursor on a blank line",
            "one();\n⟦⟧\ntwo();\n",
            "```\nmore();\n```",
            "one();\nmore();\ntwo();\n",
        ),
    ]);
}

#[test]
fn whole_files() {
    let all = "⟦def a():\n    return 1\n\ndef b():\n    return 2⟧\n";
    accept(&[
        (
            "fenced",
            all,
            "```python\ndef a():\n    return 10\n\ndef b():\n    return 2\n```",
            "def a():\n    return 10\n\ndef b():\n    return 2\n",
        ),
        (
            "an empty file",
            "⟦⟧",
            "```python\nprint(1)\n```",
            "print(1)\n",
        ),
        (
            "no line feed at the end",
            "⟦a = 1⟧",
            "```\na = 2\n```",
            "a = 2",
        ),
        (
            "windows",
            "⟦a = 1\r\nb = 2\r\n⟧",
            "```\na = 1\nb = 3\n```",
            "a = 1\r\nb = 3\r\n",
        ),
        (
            "a readme with code in it",
            "⟦# Tool\n\nOld text.\n⟧",
            "```markdown\n# Tool\n\nNew text.\n\n```sh\nrun\n```\n```",
            "# Tool\n\nNew text.\n\n```sh\nrun\n```\n",
        ),
        (
            "a readme with a fence of four",
            "⟦# Tool\n\nOld text.\n⟧",
            "````\n# Tool\n\n```\nrun\n```\n````",
            "# Tool\n\n```\nrun\n```\n",
        ),
        ("deleted", "a\n⟦b\nc⟧\nd\n", "Removed:\n```\n```", "a\nd\n"),
        (
            "as it is",
            all,
            "Nothing to change:\n```python\ndef a():\n    return 1\n\ndef b():\n    return 2\n```",
            "def a():\n    return 1\n\ndef b():\n    return 2\n",
        ),
    ]);
}

#[test]
fn no_change_has_no_hunks() {
    let proposed = decode(
        "```\na\nb\n```",
        "a\r\nb\r\n",
        Span::new(0, 6),
        Span::new(0, 6),
    )
    .unwrap();
    assert_eq!(proposed.hunks, []);
}

#[test]
fn bare_code() {
    accept(&[
        (
            "one line",
            "a\n⟦let total = a + b;⟧\n",
            "let total = a - b;",
            "a\nlet total = a - b;\n",
        ),
        (
            "a stub in Python",
            "⟦def f(x): return x⟧\n",
            "```python\ndef f(x):\n    ...\n```",
            "def f(x):\n    ...\n",
        ),
    ]);
}

#[test]
fn what_is_no_code_for_the_anchor() {
    refuse(&[
        (
            "prose",
            RUST,
            "I can't change that function, because it is used elsewhere.",
            "the response has no code",
        ),
        ("nothing", RUST, "", "the response has no code"),
        (
            "only thoughts",
            RUST,
            "<think>\nHmm, fn load(path",
            "the response has no code",
        ),
        (
            "prose that mentions the code",
            RUST,
            "The function `load` reads a file, and unwraps the result.",
            "the response has no code",
        ),
        (
            "prose and bare code",
            RUST,
            &format!("Here is the new function:\n\n{NEW_LOAD}"),
            "the response has no code",
        ),
        (
            "cut off in the code",
            RUST,
            "```rust\nfn load(path: &str) -> io::Result<String> {\n    let text",
            "the response was cut off",
        ),
        (
            "cut off in the second block",
            RUST,
            &format!("```rust\n{NEW_LOAD}```\nand\n```rust\nfn ma"),
            "the response was cut off",
        ),
        (
            "two versions",
            RUST,
            &format!(
                "```rust\n{NEW_LOAD}```\nor\n```rust\n{}```",
                NEW_LOAD.replace("trim()", "trim_end()")
            ),
            "the response has 2 code blocks",
        ),
        (
            "a cursor, and other code",
            "one();\nt⟦⟧wo();\n",
            "```\nsomething(else);\n```",
            "the response has no code",
        ),
        (
            "an empty block for a whole file",
            "⟦a\nb\n⟧",
            "```\n```",
            "the response has no code",
        ),
    ]);
}

#[test]
fn code_that_leaves_something_out() {
    let elided = |remark: &str| {
        format!("```rust\nfn load(path: &str) -> io::Result<String> {{\n    {remark}\n}}\n```")
    };
    for remark in [
        "// ... rest unchanged",
        "// ...",
        "// rest of the function remains the same",
        "/* ... existing code ... */",
        "...",
        "// (unchanged)",
        "// … existing code …",
    ] {
        let response = elided(remark);
        refuse(&[(remark, RUST, &response, "the response leaves code out")]);
    }
    let had = "⟦fn f() {\n    // ...\n    old();\n}⟧\n";
    let new = "fn f() {\n    // ...\n    new();\n}\n";
    accept(&[(
        "the file has the remark",
        had,
        &format!("```rust\n{new}```"),
        new,
    )]);
}

#[test]
fn a_part_of_what_it_would_replace() {
    let class = "⟦class A:\n    def one(self):\n        a()\n        b()\n\n    def two(self):\n        c()\n        d()\n\n    def three(self):\n        e()\n        f()\n⟧";
    let braces = "⟦function one() {\n  a();\n  b();\n}\n\nfunction two() {\n  c();\n  d();\n}\n\nfunction three() {\n  e();\n  f();\n}\n⟧";
    refuse(&[
        (
            "one method of a class",
            class,
            "```python\n    def two(self):\n        c()\n        d(2)\n```",
            "the code block holds only a part",
        ),
        (
            "the first of three functions",
            braces,
            "```js\nfunction one() {\n  a(1);\n  b();\n}\n```",
            "the code block holds only a part",
        ),
        (
            "the last of three functions",
            braces,
            "```js\nfunction three() {\n  e(1);\n  f();\n}\n```",
            "the code block holds only a part",
        ),
    ]);
    let far = "import a\n\ndef one():\n    first()\n    second()\n    third()\n\ndef two():\n    ⟦fourth()⟧\n";
    refuse(&[(
        "mostly other code",
        far,
        "```python\ndef one():\n    first()\n    second()\n    third(3)\n```",
        "the code block holds only a part",
    )]);

    let dead = "⟦function f() {\n  a();\n  return b();\n  c();\n  d();\n  e();\n}⟧\n";
    accept(&[
        (
            "dead code removed",
            dead,
            "```js\nfunction f() {\n  a();\n  return b();\n}\n```",
            "function f() {\n  a();\n  return b();\n}\n",
        ),
        (
            "rewritten",
            braces,
            "```js\nexport const all = [a, b, c, d, e, f];\n```",
            "export const all = [a, b, c, d, e, f];\n",
        ),
    ]);
}
