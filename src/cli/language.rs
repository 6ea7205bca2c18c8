//! The language id of a file, by its name: as editors name languages.

use std::path::Path;

/// Source: <https://code.visualstudio.com/docs/languages/identifiers>, and for the rest the names
/// that language servers use.
const BY_EXTENSION: [(&str, &[&str]); 56] = [
    ("bat", &["bat", "cmd"]),
    ("c", &["c", "h"]),
    ("clojure", &["clj", "cljc", "cljs", "edn"]),
    ("cmake", &["cmake"]),
    ("coffeescript", &["coffee"]),
    ("cpp", &["cc", "cpp", "cxx", "hh", "hpp", "hxx", "ipp"]),
    ("csharp", &["cs"]),
    ("css", &["css"]),
    ("dart", &["dart"]),
    ("diff", &["diff", "patch"]),
    ("elixir", &["ex", "exs"]),
    ("erlang", &["erl", "hrl"]),
    ("fish", &["fish"]),
    ("fsharp", &["fs", "fsi", "fsx"]),
    ("gleam", &["gleam"]),
    ("go", &["go"]),
    ("graphql", &["gql", "graphql"]),
    ("groovy", &["gradle", "groovy"]),
    ("haskell", &["hs"]),
    ("html", &["htm", "html"]),
    ("ini", &["cfg", "conf", "ini"]),
    ("java", &["java"]),
    ("javascript", &["cjs", "js", "mjs"]),
    ("javascriptreact", &["jsx"]),
    ("json", &["json"]),
    ("jsonc", &["jsonc"]),
    ("julia", &["jl"]),
    ("kotlin", &["kt", "kts"]),
    ("latex", &["tex"]),
    ("less", &["less"]),
    ("lua", &["lua"]),
    ("makefile", &["mak", "mk"]),
    ("markdown", &["markdown", "md"]),
    ("nix", &["nix"]),
    ("objective-c", &["m"]),
    ("ocaml", &["ml", "mli"]),
    ("perl", &["pl", "pm"]),
    ("php", &["php"]),
    ("powershell", &["ps1", "psm1"]),
    ("proto3", &["proto"]),
    ("python", &["py", "pyi"]),
    ("r", &["r"]),
    ("ruby", &["gemspec", "rake", "rb"]),
    ("rust", &["rs"]),
    ("scala", &["sbt", "scala"]),
    ("scss", &["scss"]),
    ("shellscript", &["bash", "sh", "zsh"]),
    ("sql", &["sql"]),
    ("swift", &["swift"]),
    ("terraform", &["tf", "tfvars"]),
    ("toml", &["toml"]),
    ("typescript", &["cts", "mts", "ts"]),
    ("typescriptreact", &["tsx"]),
    ("vue", &["vue"]),
    ("yaml", &["yaml", "yml"]),
    ("zig", &["zig"]),
];

const BY_NAME: [(&str, &[&str]); 6] = [
    ("cmake", &["CMakeLists.txt"]),
    ("dockerfile", &["Containerfile", "Dockerfile"]),
    ("go.mod", &["go.mod"]),
    ("makefile", &["GNUmakefile", "Makefile", "makefile"]),
    ("ruby", &["Gemfile", "Rakefile"]),
    ("toml", &["Cargo.lock"]),
];

/// The language id of a file; `plaintext` when it is not known.
#[must_use]
pub(super) fn of(path: &Path) -> &'static str {
    let name = path.file_name().unwrap_or_default();
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let named = BY_NAME
        .iter()
        .find(|(_, names)| names.iter().any(|known| name == *known));
    let extended = || {
        BY_EXTENSION
            .iter()
            .find(|(_, extensions)| extensions.iter().any(|known| extension == *known))
    };
    named
        .or_else(extended)
        .map_or("plaintext", |(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("src/main.rs", "rust")]
    #[case("UPPER.PY", "python")]
    #[case("app.tsx", "typescriptreact")]
    #[case("deploy/Dockerfile", "dockerfile")]
    #[case("CMakeLists.txt", "cmake")]
    #[case("notes.txt", "plaintext")]
    #[case(".bashrc", "plaintext")]
    fn a_name_tells_the_language(#[case] path: &str, #[case] language: &str) {
        assert_eq!(of(Path::new(path)), language);
    }
}
