//! The code that is measured with.

/// Code of so many lines: functions of ten lines with brackets and blank lines between.
pub fn code(lines: usize) -> String {
    let line = |i: usize| match i % 10 {
        0 => format!("fn function_{}(argument: u32) -> u32 {{\n", i / 10),
        8 => "}\n".to_owned(),
        9 => "\n".to_owned(),
        n => format!("    let value_{n} = compute(argument, {i});\n"),
    };
    (0..lines).map(line).collect()
}
